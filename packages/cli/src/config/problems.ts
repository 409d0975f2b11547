/** Problems of a file, with their line and column. */

import { type Document, isMap, isNode, isPair, isScalar, type LineCounter } from 'yaml';
import { exitCodes, UsageError } from '../errors.js';

/** A problem at a place in the file. Line 0 means the whole file. */
export type Problem = { readonly line: number; readonly column: number; readonly message: string };
export type Path = readonly (string | number)[];
/** A problem at a path of the value of a file. */
export type Finding = { readonly path: Path; readonly message: string };

/** More problems in one message help nobody. */
const maxShown = 50;

/**
 * A file with problems. The message has one line for each: file, line, column, what is wrong, what to do. Exit code 2.
 */
export class ConfigError extends UsageError {
  /** Also the name of the classes made of this one. */
  override readonly name: string = 'ConfigError';
  /** The file with the problems. */
  readonly file: string;
  /** All of them, in the order of the file. */
  readonly problems: readonly Problem[];

  constructor(file: string, problems: readonly Problem[], options?: ErrorOptions) {
    const sorted = [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
    const placed = ({ line, column }: Problem): string => (line === 0 ? file : `${file}:${line}:${column}`);
    const lines = sorted.slice(0, maxShown).map((problem) => `${placed(problem)}: ${problem.message}`);
    if (sorted.length > maxShown) lines.push(`${file}: and ${sorted.length - maxShown} more`);
    super(lines.join('\n'), options);
    this.file = file;
    this.problems = sorted;
  }
}

/** A file that cannot be read. Exit code 1: the file may be correct. */
export class UnreadableError extends ConfigError {
  override readonly exitCode: number = exitCodes.failed;

  constructor(file: string, message: string, options?: ErrorOptions) {
    super(file, [{ line: 0, column: 0, message }], options);
  }
}

/** Finds the place of a path in the text of the file. */
export class Places {
  readonly #document: Document;
  readonly #lines: LineCounter;

  constructor(document: Document, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  #at(node: unknown): { readonly line: number; readonly column: number } | undefined {
    const offset = isNode(node) ? node.range?.[0] : undefined;
    if (offset === undefined) return undefined;
    const { line, col } = this.#lines.linePos(offset);
    return { line, column: col };
  }

  /** Where the value of a path begins. If the value is missing, where the nearest value around it begins. */
  ofValue(path: Path): { readonly line: number; readonly column: number } {
    for (let length = path.length; length >= 0; length -= 1) {
      const place = this.#at(length === 0 ? this.#document.contents : this.#document.getIn(path.slice(0, length), true));
      if (place !== undefined) return place;
    }
    return { line: 1, column: 1 };
  }

  /** Where a key of the mapping at `path` begins. */
  ofKey(path: Path, key: string): { readonly line: number; readonly column: number } {
    const holder = path.length === 0 ? this.#document.contents : this.#document.getIn(path, true);
    if (isMap(holder)) {
      const pair = holder.items.find(
        (item) => isPair(item) && (isScalar(item.key) ? String(item.key.value) : String(item.key)) === key,
      );
      const place = this.#at(pair?.key);
      if (place !== undefined) return place;
    }
    return this.ofValue(path);
  }
}

/** Finds the places of the parts of a document. */
export type PlaceFinder = Pick<Places, 'ofValue' | 'ofKey'>;

/** A path as text: `peers[0].name`. */
export function pathText(path: Path): string {
  return path.map((part, at) => (typeof part === 'number' ? `[${part}]` : at === 0 ? part : `.${part}`)).join('');
}

/** A value for a message: short, and without control characters. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'string')
    return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value).replace(/[\u007f-\u009f]/g, '?');
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  return Array.isArray(value) ? 'a list' : 'a mapping';
}
