/** Options that several commands share, and functions that read option values. */
import { type Command, InvalidArgumentError } from 'commander';

/** Reads a whole number from `min` to `max`. Commander prints the error of any other value. */
export function whole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
    return value;
  };
}

/** Reads a number above 0, up to `max`. */
export function positive(max: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!(value > 0 && value <= max)) throw new InvalidArgumentError(`Expected a number above 0 and up to ${max}.`);
    return value;
  };
}

/** Reads the name of a file. Refuses an empty one, such as an unset shell variable. */
export function filled(text: string): string {
  if (text === '') throw new InvalidArgumentError('It must not be empty.');
  return text;
}

/** Reads the name of a folder. Refuses an empty one: an unset shell variable must not mean the current folder. */
export function folder(text: string): string {
  if (text === '') throw new InvalidArgumentError('It must not be empty.');
  return text;
}

/** Collects an option that may be given several times. */
export function repeatable(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}

/** The words in `A,B`. */
export function splitAtCommas(text: string): readonly string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** Collects `A,B` and repeated options. Refuses an empty list: an unset shell variable must not mean all MTAs. */
export function commaList(text: string, before: readonly string[] | undefined): readonly string[] {
  const words = splitAtCommas(text);
  if (words.length === 0) throw new InvalidArgumentError('It must not be empty.');
  return [...(before ?? []), ...words];
}

export const withJson = (command: Command): Command => command.option('--json', 'print JSON');

/** The options of every command that talks to running MTAs. */
export const withRun = (command: Command): Command =>
  withJson(
    command
      .option(
        '--dir <folder>',
        'use the run in this folder (needed if there are several runs and the command changes one)',
        folder,
      )
      .option('--timeout <seconds>', 'wait at most this long for the answer of an MTA (default: 1.2)', positive(86_400)),
  );
export const withMtas = (command: Command): Command =>
  withRun(command.option('--mta <name>', 'only this MTA (default: all MTAs of the run)', commaList));
