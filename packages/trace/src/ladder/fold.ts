/** Shortens ladders: a stretch of lines that repeat becomes one line. */
import { isNote, type LadderLine } from './line.js';

/** A line of a cycle. `isBack`: it goes against the direction of the first line. */
type Member = { readonly text: RegExp; readonly isBack: boolean };

/** Lines that often repeat, in this order. */
type Cycle = { readonly members: readonly [Member, ...Member[]]; readonly text: string };

const there = (text: RegExp): Member => ({ text, isBack: false });
const back = (text: RegExp): Member => ({ text, isBack: true });

const cycles: readonly Cycle[] = [
  {
    members: [there(/^request \d+ MtaSend rttr .* last/), back(/^response \d+ confirm .* stored$/)],
    text: 'transfers, each an rttr and its confirm',
  },
  {
    members: [there(/^bind group=[1-9]/), back(/^bind_nak/)],
    text: 'binds of a data connection, each answered by bind_nak',
  },
  {
    members: [
      there(/^ACTIVITY START /),
      there(/^DATA\+ACTIVITY END 1 rttr .* last/),
      back(/^ACTIVITY END ACK 1 confirm stored$/),
    ],
    text: 'transfers, each an ACTIVITY START, an rttr and its confirm',
  },
];

/** Fewer repetitions stay as they are. */
const leastCount = 3;

/** Folds each long stretch of confirmed transfers, of confirmed segments, or of refused binds, into one line. */
export function folded(lines: readonly LadderLine[]): LadderLine[] {
  const result: LadderLine[] = [];
  for (let at = 0; at < lines.length; ) {
    const stretch = stretchAt(lines, at);
    const first = lines[at] as LadderLine;
    if (stretch === null) result.push(first);
    else result.push(joined(lines.slice(at, at + stretch.length), stretch.text));
    at += stretch?.length ?? 1;
  }
  return result;
}

type Stretch = { readonly length: number; readonly text: string };

function stretchAt(lines: readonly LadderLine[], at: number): Stretch | null {
  const first = lines[at] as LadderLine;
  const cycle = cycles.find(({ members: [begin] }) => begin.text.test(first.text));
  if (cycle === undefined) return segmentsAt(lines, at, first);
  const { members, text } = cycle;
  let count = 0;
  while (members.every((member, place) => fits(lines[at + members.length * count + place], member, first))) count += 1;
  return count < leastCount ? null : { length: members.length * count, text: `${count} ${text}` };
}

const segment = there(/^DATA\+MINOR SYNC \d+ rttr length=\d+$/);
const confirm = back(/^MINOR SYNC ACK \d+ confirm$/);

/** Segments of one activity and their confirms alternate as the window allows. */
function segmentsAt(lines: readonly LadderLine[], at: number, first: LadderLine): Stretch | null {
  if (!segment.text.test(first.text)) return null;
  const counts = new Map([
    [segment, 0],
    [confirm, 0],
  ]);
  let length = 0;
  for (;;) {
    const member = [segment, confirm].find((each) => fits(lines[at + length], each, first));
    if (member === undefined) break;
    counts.set(member, (counts.get(member) ?? 0) + 1);
    length += 1;
  }
  const [sent = 0, confirmed = 0] = counts.values();
  return sent < leastCount ? null : { length, text: `${sent} rttr with a checkpoint, and ${confirmed} confirms` };
}

/** Has the line passed without a fault, and is it this member of a cycle that begins like `first`? */
function fits(line: LadderLine | undefined, { text, isBack }: Member, first: LadderLine): boolean {
  if (line === undefined || line.fate !== 'passed' || line.fault !== null || !text.test(line.text)) return false;
  return isBack ? line.from === first.to : line.from === first.from && line.association === first.association;
}

function joined(lines: readonly LadderLine[], text: string): LadderLine {
  const { arrivedMs: _, ...first } = lines[0] as LadderLine;
  const last = lines.at(-1) as LadderLine;
  const end = last.tMs === undefined ? {} : { endMs: last.tMs };
  return { ...first, ...end, text, believes: { ...first.believes, ...last.believes }, count: lines.length };
}

/** A bind begins an opening if it makes a new group. */
const bind = /^bind group=(\d+)/;
const ofOpening =
  /^(bind_ack|bind_nak|request \d+ MtaBind(Back)? |response \d+ (rtoac|rtorj|MtaBindBack)|(CC|DR|CONNECT|ACCEPT|REFUSE) )/;
const asked = /^(?:request \d+ MtaBind|CONNECT) .*rtorq turn=(\w+) recovery=(\d+)/;
const answered = /^(?:response \d+|ACCEPT|REFUSE) (?:(rtoac)|rtorj reason=(\S+))/;
const refusedTransport = /^DR .*reason=(\S+)/;

/** An opening in progress: its line, and what is known of it so far. */
type Opening = {
  readonly at: number;
  readonly initiator: string;
  line: LadderLine;
  turn: string | null;
  recovery: number;
  /** How the opening ended; null while it is in progress. */
  end: string | null;
};

/**
 * Folds each opening or recovery of an association into one line, with the binds of its data connections: four or eight PDUs
 * that are the same each time. Binds of a connection without a known association stay as they are.
 */
export function withShortOpenings(lines: readonly LadderLine[]): LadderLine[] {
  const result: LadderLine[] = [];
  const openings = new Map<string, Opening>();
  for (const line of lines) {
    if (!take(line, openings, result)) result.push(line);
  }
  for (const opening of openings.values()) result[opening.at] = worded(opening);
  return result;
}

/** @returns true if the line is part of an opening and needs no line of its own. */
function take(line: LadderLine, openings: Map<string, Opening>, result: LadderLine[]): boolean {
  const { association, text } = line;
  if (association === null || isNote(line)) return false;
  const group = bind.exec(text)?.[1];
  const begins = group === '0' || text.startsWith('CR ');
  if (group === undefined && !begins && !ofOpening.test(text)) return false;
  const present = openings.get(association);
  if (begins && (present === undefined || present.end !== null || (line.from === present.initiator && present.turn !== null))) {
    if (present !== undefined) result[present.at] = worded(present);
    const opening: Opening = { at: result.length, initiator: line.from, line, turn: null, recovery: 0, end: null };
    openings.set(association, opening);
    result.push(line);
    note(opening, line);
    return true;
  }
  if (present === undefined) return false;
  // A failure after the opening keeps its own line.
  if (present.end !== null && (line.fate !== 'passed' || text.startsWith('bind_nak') || present.line.fate !== 'passed'))
    return false;
  note(present, line);
  const { arrivedMs: _, ...before } = present.line;
  present.line = {
    ...before,
    believes: { ...present.line.believes, ...line.believes },
    count: present.line.count + 1,
    fault: present.line.fault ?? line.fault,
    ...(line.tMs === undefined ? {} : { endMs: line.tMs }),
  };
  return true;
}

function note(opening: Opening, line: LadderLine): void {
  if (opening.end !== null) return;
  const request = asked.exec(line.text);
  if (request !== null) {
    opening.turn = request[1] as string;
    opening.recovery = Number(request[2]);
  }
  const answer = answered.exec(line.text);
  const refused = refusedTransport.exec(line.text);
  if (line.fate !== 'passed') {
    // A PDU of the session is known by its words in capitals.
    const [pdu = line.text.split(' ').slice(0, 3).join(' ')] = /^[A-Z]+( [A-Z]+)*(?= )/.exec(line.text) ?? [];
    opening.end = `${line.fate} at ${pdu}`;
    opening.line = { ...opening.line, fate: line.fate };
  } else if (line.text.startsWith('bind_nak')) opening.end = 'refused by bind_nak';
  else if (refused !== null) opening.end = `refused (${refused[1]})`;
  else if (answer !== null) opening.end = answer[1] === undefined ? `refused (${answer[2]})` : 'accepted';
}

function worded({ line, turn, recovery, end }: Opening): LadderLine {
  const what = recovery === 0 ? `opening of ${line.association}` : `recovery ${recovery} of ${line.association}`;
  const stated = turn === null ? '' : `, Turn with the ${turn}`;
  return { ...line, text: `${what}${stated}: ${end ?? 'not answered'}` };
}
