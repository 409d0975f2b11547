/** Splits a fault's text into words with their places, and makes the errors about them. */
import { distance } from 'fastest-levenshtein';

/** The fault's text cannot be read. The message says what is wrong, where, and which word the user may have meant. */
export class FaultSyntaxError extends Error {
  override readonly name = 'FaultSyntaxError';
  /** Place in the text, counted from 1. */
  readonly character: number;
  constructor(text: string, character: number, problem: string) {
    super(`fault "${text}", character ${character}: ${problem}`);
    this.character = character;
  }
}

type Word = { readonly text: string; readonly at: number; readonly quoted: boolean };

const maxTextLength = 256;

/** White space separates words; a word in double quotes may contain it. */
function split(text: string): readonly Word[] {
  const words: Word[] = [];
  const pattern = /"([^"]*)"|(\S+)/g;
  for (const match of text.matchAll(pattern)) {
    const word = match[1] ?? match[2] ?? '';
    if (match[1] === undefined && word.includes('"'))
      throw new FaultSyntaxError(text, match.index + 1, 'a quote without its partner');
    words.push({ text: word, at: match.index + 1, quoted: match[1] !== undefined });
  }
  return words;
}

/** Ignores case, hyphens and underscores: users mix them up, and no two words differ in them alone. */
const plain = (word: string): string => word.toLowerCase().replaceAll(/[-_]/g, '');

/** The valid word that this one stands for, whatever its case and hyphens. */
export function sameWord(word: string, valid: readonly string[]): string | undefined {
  return valid.find((one) => one === word) ?? valid.find((one) => plain(one) === plain(word));
}

/** The nearest valid word, if the user may have meant it. */
function nearestWord(word: string, valid: readonly string[]): string | undefined {
  let best: string | undefined;
  // Two swapped letters count as two changes.
  let bestDistance = 1 + Math.min(word.length - 1, Math.max(2, Math.floor(word.length / 3)));
  for (const one of valid) {
    const apart = distance(plain(word), plain(one));
    if (apart < bestDistance) {
      best = one;
      bestDistance = apart;
    }
  }
  return best;
}

const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;

/** Reads the words of one text from left to right. */
export class Words {
  readonly #text: string;
  readonly #words: readonly Word[];
  #next = 0;

  constructor(text: string) {
    if (text.length > maxTextLength) {
      throw new FaultSyntaxError(`${text.slice(0, 40)}...`, maxTextLength + 1, `a fault has at most ${maxTextLength} characters`);
    }
    this.#text = text;
    this.#words = split(text);
  }

  peek(): Word | undefined {
    return this.#words[this.#next];
  }

  /** Place of the next word, or just after the text. */
  get at(): number {
    return this.peek()?.at ?? this.#text.length + 1;
  }

  /** The next word, whatever it is. */
  take(expected: string): Word {
    const word = this.peek();
    if (word === undefined) throw this.error(`expected ${expected}, but the text ends here`);
    this.#next += 1;
    return word;
  }

  /** The next word if it is one of these. */
  accept<T extends string>(...valid: readonly T[]): T | undefined {
    const word = this.peek();
    const found = word === undefined || word.quoted ? undefined : sameWord(word.text, valid);
    if (found !== undefined) this.#next += 1;
    return found as T | undefined;
  }

  /** The next word, which must be one of these. */
  expect<T extends string>(what: string, valid: readonly T[]): T {
    const found = this.accept(...valid);
    if (found !== undefined) return found;
    const word = this.peek();
    const near = word !== undefined && nearestWord(word.text, valid) !== undefined;
    // A long list helps only if no near word can be suggested.
    const choice = near && valid.length > 8 ? what : `${what} (${listed(valid)})`;
    if (word === undefined) throw this.error(`expected ${choice}, but the text ends here`);
    throw this.unknown(word.text, `expected ${choice}`, valid);
  }

  /** A whole number, digits only, within these bounds. */
  number(what: string, least: number, most: number, suffix = ''): number {
    const at = this.at;
    const word = this.take(what);
    const digits = suffix !== '' && word.text.toLowerCase().endsWith(suffix) ? word.text.slice(0, -suffix.length) : word.text;
    const value = /^\d{1,12}$/.test(digits) ? Number(digits) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw this.error(`expected ${what}, a whole number from ${least} to ${most}, found "${word.text}"`, at);
  }

  end(could: readonly string[]): void {
    const word = this.peek();
    if (word === undefined) return;
    const more = could.length === 0 ? 'nothing more' : listed([...could, 'the end']);
    throw this.unknown(word.text, `expected ${more}`, could);
  }

  /** An error about a word that is not one of the valid ones. */
  unknown(word: string, expected: string, valid: readonly string[], at = this.at): FaultSyntaxError {
    const meant = nearestWord(word, valid);
    return this.error(`${expected}, found "${word}"${meant === undefined ? '' : `; did you mean "${meant}"?`}`, at);
  }

  error(problem: string, at = this.at): FaultSyntaxError {
    return new FaultSyntaxError(this.#text, at, problem);
  }
}
