/** What is wrong with a configuration, and where it stands in the file. */

import { type Document, isMap, isNode, isPair, isScalar, type LineCounter } from 'yaml';
import { exitCodes, UsageError } from '../errors.js';

/** In line 0: of the file as a whole. */
export type Problem = { readonly line: number; readonly column: number; readonly message: string };
export type Path = readonly (string | number)[];

/** More would not help anybody. */
const maxShown = 50;

/**
 * A configuration that cannot be used. The message has one line for each problem: file, line, column, what, what to do.
 * It ends a command with exit code 2; that of `UnreadableError`, 1.
 */
export class ConfigError extends UsageError {
  override readonly name: string = 'ConfigError';
  readonly file: string;
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

/** Nothing could be read, so nothing is known of what was asked. Exit code 1. */
export class UnreadableError extends ConfigError {
  override readonly exitCode: number = exitCodes.failed;

  constructor(file: string, message: string, options?: ErrorOptions) {
    super(file, [{ line: 0, column: 0, message }], options);
  }
}

/** Finds the place of a path in the text. */
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

  /** Where the value of a path begins; where it is not there, the nearest thing around it. */
  ofValue(path: Path): { readonly line: number; readonly column: number } {
    for (let length = path.length; length >= 0; length -= 1) {
      const place = this.#at(length === 0 ? this.#document.contents : this.#document.getIn(path.slice(0, length), true));
      if (place !== undefined) return place;
    }
    return { line: 1, column: 1 };
  }

  /** Where a key of the mapping at `path` is written. */
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

/** `peers[0].name`. */
export function pathText(path: Path): string {
  return path.map((part, at) => (typeof part === 'number' ? `[${part}]` : at === 0 ? part : `.${part}`)).join('');
}

/** A value as a message shows it: short, and without anything a terminal would obey. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'string')
    return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value).replace(/[\u007f-\u009f]/g, '?');
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  return Array.isArray(value) ? 'a list' : 'a mapping';
}
