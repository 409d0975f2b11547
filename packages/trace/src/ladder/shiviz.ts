/** Writes the ladder for ShiViz: a log with vector clocks, one event for each sending and each receiving. */
import { isNote, type LadderLine } from './line.js';

/** The log parsing expression for ShiViz. Host names may have hyphens. */
export const shivizExpression = '(?<host>\\S+) (?<clock>\\{.*\\})\\n(?<event>.*)';

type Event = { readonly node: string; readonly line: LadderLine; readonly at: number; readonly kind: 'sent' | 'received' };

/** The events of each MTA in its own order: by step if it is known, otherwise by the order of the lines. */
function eventsOf(lines: readonly LadderLine[]): ReadonlyMap<string, Event[]> {
  const events = new Map<string, Event[]>();
  const add = (node: string, line: LadderLine, at: number, kind: Event['kind']): void => {
    if (node === '') return;
    const list = events.get(node) ?? [];
    list.push({ node, line, at, kind });
    events.set(node, list);
  };
  const known = lines.every((line) => isNote(line) || line.steps !== undefined);
  let count = 0;
  for (const line of lines) {
    count += 1;
    if (line.from !== '?' && (line.steps === undefined || line.steps.sent !== null))
      add(line.from, line, line.steps?.sent ?? count, 'sent');
    const arrives = !isNote(line) && line.fate === 'passed' && line.to !== '?';
    if (arrives && (line.steps === undefined || line.steps.received !== null))
      add(line.to, line, line.steps?.received ?? count, 'received');
  }
  // The sort is stable, so equal steps keep the order of their lines.
  if (known) for (const list of events.values()) list.sort((one, other) => one.at - other.at);
  return events;
}

type Clock = Readonly<Record<string, number>>;

function merged(one: Clock, other: Clock): Clock {
  const clock: Record<string, number> = { ...one };
  for (const [node, count] of Object.entries(other)) clock[node] = Math.max(clock[node] ?? 0, count);
  return clock;
}

/**
 * A file for ShiViz. The first row is the log parsing expression, and the second (empty) is the separator of executions. Two
 * rows follow for each event: `host {clock}`, and what happened.
 */
export function ladderShiViz(lines: readonly LadderLine[]): string {
  const events = eventsOf(lines);
  const clocks = new Map<string, Clock>();
  const sentAt = new Map<LadderLine, Clock>();
  const places = new Map<string, number>();
  const rows: string[] = [shivizExpression, ''];
  const sends = new Set([...events.values()].flat().flatMap((event) => (event.kind === 'sent' ? [event.line] : [])));
  const run = (event: Event): void => {
    const before = clocks.get(event.node) ?? {};
    const sent = event.kind === 'received' ? sentAt.get(event.line) : undefined;
    const joined = sent === undefined ? before : merged(before, sent);
    const clock = { ...joined, [event.node]: (before[event.node] ?? 0) + 1 };
    clocks.set(event.node, clock);
    if (event.kind === 'sent') sentAt.set(event.line, clock);
    rows.push(`${hostOf(event.node)} ${JSON.stringify(renamed(clock))}`, wordsOf(event));
  };
  const blocked = (event: Event): boolean => event.kind === 'received' && sends.has(event.line) && !sentAt.has(event.line);
  for (;;) {
    const next = [...events].map(([node, list]) => list[places.get(node) ?? 0]).filter((event) => event !== undefined);
    const [first] = next;
    if (first === undefined) return rows.join('\n');
    const event = next.find((each) => !blocked(each)) ?? first;
    places.set(event.node, (places.get(event.node) ?? 0) + 1);
    run(event);
  }
}

/** ShiViz reads a host as one word. */
function hostOf(node: string): string {
  return node.replace(/\s/g, '_');
}

function renamed(clock: Clock): Clock {
  return Object.fromEntries(Object.entries(clock).map(([node, count]) => [hostOf(node), count]));
}

function wordsOf({ line, kind, node }: Event): string {
  const belief = line.believes[node] === undefined ? '' : ` (the Turn is ${line.believes[node]})`;
  if (isNote(line)) return `${line.text}${belief}`;
  const fate = line.fate === 'passed' ? '' : ` (${line.fate})`;
  return kind === 'sent' ? `to ${line.to}: ${line.text}${fate}${belief}` : `from ${line.from}: ${line.text}${belief}`;
}
