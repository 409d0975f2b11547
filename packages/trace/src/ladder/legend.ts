/** The legend under a ladder: what its words and signs mean. The words come from the glossary. */
import { termOf } from '@mtalab/mta-core';
import { annotated } from './annotate.js';
import { isNote, type LadderLine } from './line.js';
import { wrapped } from './text.js';

/** Words of a ladder, in the order of the legend: where they occur, and their entry in the glossary. */
const words: readonly (readonly [word: string, occurs: RegExp, term: string])[] = [
  ['bind', /^bind\b/, 'Bind'],
  ['bind_nak', /^bind_nak\b/, 'bind_nak'],
  ['group', /\bgroup=\d/, 'Association group'],
  ['request', /^(request|response) \d/, 'Call'],
  ['MtaBind, MtaBindBack', /\bMtaBind(Back)?\b/, 'MtaBind'],
  ['CR', /^(CR|CC|DR)\b/, 'CR'],
  ['CONNECT', /^(CONNECT|ACCEPT|REFUSE)\b/, 'CONNECT'],
  ['recovery', /\brecovery\b/, 'Recovery'],
  ['rtorq', /\brtorq\b/, 'RTORQ'],
  ['rtoac', /\brtoac\b/, 'RTOAC'],
  ['rtorj', /\brtorj\b/, 'RTORJ'],
  ['incarnation', /\bincarnation=/, 'Incarnation'],
  ['checkpoint', /\brto(rq|ac)\b.* checkpoint=/, 'Checkpoint'],
  ['window', /\bwindow=/, 'Window'],
  ['rttr', /\brttr\b/, 'RTTR'],
  ['ACTIVITY START', /\bACTIVITY (START|RESUME|END)\b/, 'ACTIVITY START'],
  ['MINOR SYNC', /\bMINOR SYNC\b/, 'MINOR SYNC'],
  ['EXCEPTION', /^EXCEPTION\b/, 'EXCEPTION'],
  ['activity', /\bactivity=/, 'Activity id'],
  ['offset', /\boffset=/, 'Offset'],
  ['confirm', /\bconfirm\b/, 'Confirmation'],
  ['upTo', /\bupTo=/, 'upTo'],
  ['refuse', /\brefuse\b/, 'Refuse'],
  ['discard', /\bdiscard(ed)?\b/, 'Discard'],
  ['settled', /\bsettled=/, 'Settled'],
  ['turn-please', /\bturn-please\b/, 'Turn-Please'],
  ['please-noted', /\bplease-noted\b/, 'please-noted'],
  ['turn-give', /\bturn-give\b(?!-)/, 'Turn-Give'],
  ['turn-give-ack', /\bturn-give-ack\b/, 'turn-give-ack'],
  ['rtab', /\brtab\b/, 'RTAB'],
  ['close', /\bclose\b/, 'Close'],
];

/** Signs of the drawing, and lines that have them. */
const signs: readonly (readonly [sign: string, meaning: string, has: (line: LadderLine) => boolean])[] = [
  ['mine, theirs', 'whose Turn the side believes it is, after this line', ({ believes }) => Object.keys(believes).length > 0],
  ['x', 'the end of an arrow that did not arrive', (line) => !isNote(line) && line.fate !== 'passed'],
  ['[...]', 'the fault that acted on the line', ({ fault }) => fault !== null],
  ['**', 'happened at one MTA alone', (line) => isNote(line) && line.mark === undefined],
  ['!!', 'the beliefs of both sides begin or cease to contradict each other', ({ mark }) => mark === 'turn'],
  ['~~', 'time in which nothing passes', ({ mark }) => mark === 'idle'],
];

type LegendEntry = { readonly word: string; readonly meaning: string };

/** What the words in these lines mean. */
export function ladderWords(lines: readonly LadderLine[]): readonly LegendEntry[] {
  return words
    .filter(([, occurs]) => lines.some(({ text }) => occurs.test(text)))
    .map(([word, , term]) => ({ word, meaning: termOf(term)?.short ?? '' }));
}

/** What the words and signs of the drawing as text mean. */
function ladderLegend(lines: readonly LadderLine[]): readonly LegendEntry[] {
  const drawn = annotated(lines);
  return [...ladderWords(drawn), ...signs.filter(([, , has]) => drawn.some(has)).map(([word, meaning]) => ({ word, meaning }))];
}

/**
 * The legend as text, with an entry for each word that `known` lacks; those are added to it. Empty if none is left.
 * @param columns of a whole row; a longer meaning goes on in the next row.
 */
export function legendText(
  lines: readonly LadderLine[],
  columns = Number.POSITIVE_INFINITY,
  known: Set<string> = new Set(),
): string {
  const entries = ladderLegend(lines).filter(({ word }) => !known.has(word));
  for (const { word } of entries) known.add(word);
  const width = Math.max(0, ...entries.map(({ word }) => word.length));
  const room = Math.max(20, columns - width - 2);
  return entries
    .flatMap(({ word, meaning }) => wrapped(meaning, room).map((row, at) => `${(at === 0 ? word : '').padEnd(width)}  ${row}`))
    .join('\n');
}
