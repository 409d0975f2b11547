/** Conversations, as the tests of the printed output draw them. */
import { type LadderLine, ladderLine, noteLine } from '@mtalab/trace';
import { nowMs } from './canned-views.js';

const believed = { 'MTA-A': 'mine', 'MTA-B': 'theirs' } as const;
const later = { association: 'MTA-A/1/104' };
const lostGive = { fate: 'cut', fault: 'cut before turn-give 1' } as const;

function line(from: string, to: string, text: string, believes: LadderLine['believes'], more: Partial<LadderLine> = {}) {
  return ladderLine({ from, to, text, believes, association: 'MTA-A/1/3', tMs: nowMs, ...more });
}

/** Two associations of two MTAs: the Turn-Give of the first is lost, and the second works hours later. */
const story: readonly LadderLine[] = [
  line('MTA-A', 'MTA-B', 'opening of MTA-A/1/3, Turn with the initiator: accepted', { 'MTA-A': 'mine', 'MTA-B': 'theirs' }),
  line('MTA-A', 'MTA-B', 'request 2 MtaSend rttr activity=1-2 offset=0 length=71 last start', {}, { tMs: nowMs + 3 }),
  line('MTA-B', 'MTA-A', 'response 2 confirm activity=1-2 upTo=71 stored', {}, { tMs: nowMs + 9 }),
  line('MTA-B', 'MTA-A', 'request 2 MtaSend turn-please priority=2', { 'MTA-A': 'theirs' }, { tMs: nowMs + 4000 }),
  line('MTA-A', 'MTA-B', 'response 2 please-noted', {}, { tMs: nowMs + 4000 }),
  line('MTA-A', 'MTA-B', 'request 3 MtaSend turn-give settled=1-2', {}, { tMs: nowMs + 4001, ...lostGive }),
  noteLine('MTA-B', 'notices the loss of MTA-A/1/3', { association: 'MTA-A/1/3', tMs: nowMs + 4020 }),
  noteLine('', 'the faults stop'),
  line('MTA-A', 'MTA-B', 'opening of MTA-A/1/104, Turn with the initiator: accepted', believed, { ...later, tMs: nowMs + 54e6 }),
  line('MTA-B', 'MTA-A', 'request 9 MtaSend turn-please priority=2', { 'MTA-A': 'theirs' }, { ...later, tMs: nowMs + 54e6 }),
  line('MTA-A', 'MTA-B', 'request 9 MtaSend turn-give', { 'MTA-B': 'mine' }, { ...later, tMs: nowMs + 54e6 + 1 }),
  line('MTA-A', 'MTA-B', 'rtab reason=protocolError', {}, { ...later, tMs: nowMs + 54e6 + 2 }),
];
const recovered: readonly LadderLine[] = [
  ...story.slice(0, 7),
  line(
    'MTA-A',
    'MTA-B',
    'recovery 1 of MTA-A/1/3, Turn with the responder: accepted',
    { 'MTA-B': 'mine' },
    { tMs: nowMs + 5000 },
  ),
];
const three: readonly LadderLine[] = [
  ...story,
  line('MTA-C', 'MTA-A', 'hello', { 'MTA-C': 'mine' }, { association: 'MTA-C/1/3', tMs: nowMs + 86_400_000 }),
];
const untimed: readonly LadderLine[] = story.slice(0, 6).map(({ tMs: _, ...rest }) => rest);
const both: readonly LadderLine[] = [line('MTA-A', 'MTA-B', 'rttr', { 'MTA-A': 'mine', 'MTA-B': 'mine' })];

export const ladders: Readonly<Record<string, readonly LadderLine[]>> = {
  'ladder of two associations': story,
  'ladder, recovered': recovered,
  'ladder of three MTAs': three,
  'ladder without times': untimed,
  'ladder, both have the Turn': both,
};
