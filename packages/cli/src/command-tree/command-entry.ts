/** What an entry of the command tree is made of, and the options that several commands share. */
import { type Command, InvalidArgumentError } from 'commander';
import type { Io } from '../command-io.js';

/** What a command's module exports. Arguments and options come as commander parsed them. Resolves with the exit code. */
export type CommandRun = (call: {
  readonly io: Io;
  readonly args: readonly unknown[];
  readonly options: Readonly<Record<string, unknown>>;
}) => Promise<number>;

/** One command of the tree. To add one: add an entry to `commands`. */
export type CommandEntry = {
  /** Heading it stands under in the help. */
  readonly group: string;
  /** Name and arguments, in commander's notation. */
  readonly usage: string;
  readonly summary: string;
  /** Further help, printed after the summary. */
  readonly detail?: string;
  readonly define?: (command: Command) => Command;
  readonly load: () => Promise<{ readonly run: CommandRun }>;
};

export const groups = {
  run: 'Run:',
  look: 'Look at what runs:',
  act: 'Act on what runs:',
  prove: 'Prove and draw:',
  other: 'Other:',
} as const;

/** A whole number within a range, or commander's complaint. */
export function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most)) throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
    return value;
  };
}

export function positive(most: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!(value > 0 && value <= most)) throw new InvalidArgumentError(`Expected a number above 0 and up to ${most}.`);
    return value;
  };
}

/** A folder's name. An unset variable of a shell would otherwise mean the current folder. */
export function folder(text: string): string {
  if (text === '') throw new InvalidArgumentError('It is empty.');
  return text;
}

/** Options that may be given several times. */
export function collected(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}

/** The words of `A,B`. */
export function wordsOf(text: string): readonly string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** `A,B` and repetition alike. An unset variable of a shell would otherwise mean the default, such as all MTAs. */
export function listed(text: string, before: readonly string[] | undefined): readonly string[] {
  const words = wordsOf(text);
  if (words.length === 0) throw new InvalidArgumentError('It is empty.');
  return [...(before ?? []), ...words];
}

export const withJson = (command: Command): Command => command.option('--json', 'print JSON');

/** Options of every command that talks to running processes. */
export const withRun = (command: Command): Command =>
  withJson(command.option('--dir <folder>', 'the run that was started with this --dir (needed when several run)', folder));
export const withMtas = (command: Command): Command =>
  withRun(command.option('--mta <name>', 'this MTA only; default: all of the run', listed));
