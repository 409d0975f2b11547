/** Lists the stories that also run on the memory link, and their different outcomes there: the table of `README.md`. */
import { readFileSync } from 'node:fs';
import { type Block, withoutLabs } from './run-story.js';

const heading = '## The memory link';

/** A row of the table. `place`: `all`, `lab 2`, or the name of a row in a recovery table. */
type Row = { readonly story: string; readonly place: string; readonly isLeftOut: boolean; readonly reason: string };

function rowsOf(readme: string): Row[] {
  const lines = readme.slice(readme.indexOf(heading)).split('\n');
  return lines.flatMap((line) => {
    const found = /^\| `([\w-]+\.txt)` \| (.+?) \| (left out|another outcome): (.+) \|$/.exec(line);
    if (found === null) return [];
    const [, story = '', place = '', what, reason = ''] = found;
    return [{ story, place, isLeftOut: what === 'left out', reason }];
  });
}

export type Exceptions = {
  readonly rows: readonly Row[];
  /** Is the whole story about RPC? */
  readonly isLeftOut: (story: string) => boolean;
  /** Labs of a story, by number, with another outcome on the memory link, and the reason. */
  readonly otherLabs: (story: string) => ReadonlyMap<number, string>;
  /** Rows of its recovery table with another outcome. */
  readonly otherRows: (story: string) => readonly string[];
  /** A story for the memory link, without outcomes: omits the labs about RPC, and explains the differences. */
  readonly onMemory: (story: string, text: string) => string;
};

export function readExceptions(path: string): Exceptions {
  const rows = rowsOf(readFileSync(path, 'utf8'));
  const labsOf = (story: string, isLeftOut: boolean): ReadonlyMap<number, string> =>
    new Map(
      rows
        .filter((row) => row.story === story && row.isLeftOut === isLeftOut && row.place.startsWith('lab '))
        .map(({ place, reason }) => [Number(place.slice('lab '.length)), reason]),
    );
  return {
    rows,
    isLeftOut: (story) => rows.some((row) => row.story === story && row.place === 'all'),
    otherLabs: (story) => labsOf(story, false),
    otherRows: (story) =>
      rows.filter((row) => row.story === story && !row.isLeftOut && !row.place.startsWith('lab ')).map(({ place }) => place),
    onMemory: (story, text) => withoutLabs(explained(text, labsOf(story, false)), new Set(labsOf(story, true).keys())),
  };
}

/** Puts a comment before each lab with another outcome. */
function explained(text: string, reasons: ReadonlyMap<number, string>): string {
  let lab = 0;
  return text.replaceAll(/^lab /gm, (line) => {
    lab += 1;
    const reason = reasons.get(lab);
    return reason === undefined ? line : `# On the memory link: ${reason}\n${line}`;
  });
}

/** The part of an outcome that does not depend on the link: without events of connections and dials, and without numbers of connections. */
export function comparable(lines: readonly string[]): string[] {
  const kept = lines
    .filter((line) => !/^\w+ logs (93\d\d|9277|2035|428[47]) /.test(line))
    .map((line) =>
      line
        .replace(/^(-- cut[^:]*): [^,]*/, '$1')
        .replace(/(logs 1293 .*) controlBlock=\d+/, '$1')
        .replace(/(logs 5[15] .*) association=\d+/, '$1')
        .replaceAll(/, (93\d\d|2035|428[47]) x\d+/g, ''),
    );
  // A time without its events says nothing.
  return kept.filter((line, index) => !(line.startsWith('-- at ') && kept[index + 1]?.startsWith('-- at ')));
}

/** The rows of a recovery table: each loss of a frame and its outcome, by the APDU of the frame. */
export function tableRows(lines: readonly string[]): ReadonlyMap<string, string> {
  const rows = new Map<string, string>();
  let apdu = '';
  for (const line of lines) {
    const [, loss, ended] = /^ {2}lost (\w+) +(.*)$/.exec(line) ?? [];
    if (loss === undefined || ended === undefined) apdu = apduIn(line);
    else rows.set(`${apdu}, lost ${loss}`, ended);
  }
  return rows;
}

/** `A>B #3 request 2 MtaSend turn-give` and `A>B #1 2 turn-give` are both `A>B turn-give`. */
function apduIn(line: string): string {
  return line
    .replace(/ #\d+ /, ' ')
    .replace(/ (request|response) \d+ /, ' ')
    .replace(/ (MtaSend|\d+) /, ' ')
    .replace(/ (MtaBind|open) from=.* rtorq /, ' rtorq ')
    .replace(/ MtaUnBind close association=\S+/, ' close')
    .replace(/ turn-give-ack$/, ' give-ack')
    .replace(/ close-ack$/, ' close-answer');
}

/** The number of the lab of each block, from 1. */
export function labNumbers(blocks: readonly Block[]): number[] {
  let lab = 0;
  return blocks.map(({ head }) => {
    if (head.some((line) => line.startsWith('lab '))) lab += 1;
    return lab;
  });
}
