/** Lists the stories that also run on another link, and their different outcomes there: the tables of `README.md`. */
import { readFileSync } from 'node:fs';
import { type Block, withoutLabs } from './run-story.js';

/** A row of the table. `place`: `all`, `lab 2`, or the name of a row in a recovery table. */
type Row = { readonly story: string; readonly place: string; readonly isLeftOut: boolean; readonly reason: string };

function rowsOf(readme: string, heading: string): Row[] {
  const from = readme.indexOf(`## ${heading}\n`);
  if (from < 0) throw new Error(`README.md has no section ${heading}`);
  const [section = ''] = readme.slice(from + 3).split('\n## ');
  const lines = section.split('\n');
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
  /** Labs of a story, by number, with another outcome on this link, and the reason. */
  readonly otherLabs: (story: string) => ReadonlyMap<number, string>;
  /** Rows of its recovery table with another outcome. */
  readonly otherRows: (story: string) => readonly string[];
  /** A story for this link, without outcomes: omits the labs about RPC, and explains the differences. */
  readonly onLink: (story: string, text: string) => string;
};

/** @param heading of the section with the table, such as `The memory link`. */
export function readExceptions(path: string, heading: string): Exceptions {
  const rows = rowsOf(readFileSync(path, 'utf8'), heading);
  const place = `On ${heading.replace('The ', 'the ')}`;
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
    onLink: (story, text) => withoutLabs(explained(text, labsOf(story, false), place), new Set(labsOf(story, true).keys())),
  };
}

/** Puts a comment before each lab with another outcome. */
function explained(text: string, reasons: ReadonlyMap<number, string>, place: string): string {
  let lab = 0;
  return text.replaceAll(/^lab /gm, (line) => {
    lab += 1;
    const reason = reasons.get(lab);
    return reason === undefined ? line : `# ${place}: ${reason}\n${line}`;
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
  const session = new SessionWords();
  let apdu: string | null = null;
  for (const line of lines) {
    const [, loss, ended] = /^ {2}lost (\w+) +(.*)$/.exec(line) ?? [];
    if (loss === undefined || ended === undefined) apdu = session.apduIn(apduIn(line));
    else if (apdu !== null) rows.set(`${apdu}, lost ${loss}`, ended);
  }
  return rows;
}

/** `A>B #3 request 2 MtaSend turn-give` and `A>B #1 2 turn-give` are both `A>B turn-give`. Links name settled copies elsewhere. */
function apduIn(line: string): string {
  return line
    .replace(/ #\d+ /, ' ')
    .replace(/ (request|response) \d+ /, ' ')
    .replace(/ (MtaSend|\d+) /, ' ')
    .replace(/ (MtaBind|open|CONNECT) from=.* rtorq /, ' rtorq ')
    .replace(/ MtaUnBind close association=\S+/, ' close')
    .replace(/ settled=\S+/, '')
    .replace(/ turn-give-ack$/, ' give-ack')
    .replace(/ close-ack$/, ' close-answer');
}

/** Reads what a session says of an activity, in the words of the other links. */
class SessionWords {
  #activity = '';
  #upTo = '';

  /** Null for a frame that carries no APDU. */
  apduIn(line: string): string | null {
    const [, activity] = / ACTIVITY START activity=(\S+)$/.exec(line) ?? [];
    if (activity !== undefined) this.#activity = activity;
    if (activity !== undefined || / (CR|CC) source=/.test(line)) return null;
    const [, upTo] = / DATA\+ACTIVITY END rttr length=(\d+)/.exec(line) ?? [];
    if (upTo !== undefined) this.#upTo = upTo;
    return line
      .replace(' DATA+ACTIVITY END rttr', ` rttr activity=${this.#activity} offset=0`)
      .replace(' ACTIVITY END ACK confirm', ` confirm activity=${this.#activity} upTo=${this.#upTo}`)
      .replace(/ (?:[A-Z]+ )+(?=[a-z])/, ' ');
  }
}

/** The number of the lab of each block, from 1. */
export function labNumbers(blocks: readonly Block[]): number[] {
  let lab = 0;
  return blocks.map(({ head }) => {
    if (head.some((line) => line.startsWith('lab '))) lab += 1;
    return lab;
  });
}
