/** Shortens ladders: a stretch of lines that repeat becomes one line. */
import { isNote, type LadderLine } from './line.js';

/** Pairs of lines that often repeat. */
const pairs: readonly { readonly there: RegExp; readonly back: RegExp; readonly text: string }[] = [
  {
    there: /^request \d+ MtaSend rttr .* last/,
    back: /^response \d+ confirm .* stored$/,
    text: 'transfers, each an rttr and its confirm',
  },
  { there: /^bind group=[1-9]/, back: /^bind_nak/, text: 'binds of a data connection, each answered by bind_nak' },
];

/** Folds each long stretch of confirmed transfers, or of refused binds, into one line. */
export function folded(lines: readonly LadderLine[]): LadderLine[] {
  const result: LadderLine[] = [];
  for (let at = 0; at < lines.length; ) {
    const first = lines[at] as LadderLine;
    const kind = pairs.find(({ there }) => there.test(first.text));
    let count = 0;
    while (kind !== undefined && isPair(lines, at + 2 * count, first, kind)) count += 1;
    if (kind === undefined || count < 3) {
      result.push(first);
      at += 1;
      continue;
    }
    const last = lines[at + 2 * count - 1] as LadderLine;
    const believes = { ...first.believes, ...last.believes };
    const end = last.tMs === undefined ? {} : { endMs: last.tMs };
    result.push({ ...first, ...end, text: `${count} ${kind.text}`, believes, count: 2 * count });
    at += 2 * count;
  }
  return result;
}

function isPair(lines: readonly LadderLine[], at: number, like: LadderLine, kind: (typeof pairs)[number]): boolean {
  const there = lines[at];
  const back = lines[at + 1];
  if (there === undefined || back === undefined || there.from !== like.from || there.association !== like.association)
    return false;
  const passed = there.fate === 'passed' && back.fate === 'passed' && there.fault === null && back.fault === null;
  return passed && kind.there.test(there.text) && back.from === like.to && kind.back.test(back.text);
}

const bind = /^bind group=(\d+)/;
const ofOpening = /^(bind_ack|bind_nak|request \d+ MtaBind(Back)? |response \d+ (rtoac|rtorj|MtaBindBack))/;
const asked = /^request \d+ MtaBind .*rtorq turn=(\w+) recovery=(\d+)/;
const answered = /^response \d+ (?:(rtoac)|rtorj reason=(\S+))/;

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
 * Folds each opening or recovery of an association into one line, with the binds of its data connections: eight or four PDUs
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
  if (group === undefined && !ofOpening.test(text)) return false;
  const present = openings.get(association);
  if (
    group === '0' &&
    (present === undefined || present.end !== null || (line.from === present.initiator && present.turn !== null))
  ) {
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
  present.line = {
    ...present.line,
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
  if (line.fate !== 'passed') {
    opening.end = `${line.fate} at ${line.text.split(' ').slice(0, 3).join(' ')}`;
    opening.line = { ...opening.line, fate: line.fate };
  } else if (line.text.startsWith('bind_nak')) opening.end = 'refused by bind_nak';
  else if (answer !== null) opening.end = answer[1] === undefined ? `refused (${answer[2]})` : 'accepted';
}

function worded({ line, turn, recovery, end }: Opening): LadderLine {
  const what = recovery === 0 ? `opening of ${line.association}` : `recovery ${recovery} of ${line.association}`;
  const stated = turn === null ? '' : `, Turn with the ${turn}`;
  return { ...line, text: `${what}${stated}: ${end ?? 'not answered'}` };
}
