/** Options that several commands share, and readers of option values. */
import { type Command, InvalidArgumentError } from 'commander';

/** A whole number within a range, or commander's complaint. */
export function whole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
    return value;
  };
}

export function positive(max: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!(value > 0 && value <= max)) throw new InvalidArgumentError(`Expected a number above 0 and up to ${max}.`);
    return value;
  };
}

/** A folder's name. An unset variable of a shell would otherwise mean the current folder. */
export function folder(text: string): string {
  if (text === '') throw new InvalidArgumentError('It is empty.');
  return text;
}

/** Options that may be given several times. */
export function repeatable(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}

/** The words of `A,B`. */
export function splitAtCommas(text: string): readonly string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** `A,B` and repetition alike. An unset variable of a shell would otherwise mean the default, such as all MTAs. */
export function commaList(text: string, before: readonly string[] | undefined): readonly string[] {
  const words = splitAtCommas(text);
  if (words.length === 0) throw new InvalidArgumentError('It is empty.');
  return [...(before ?? []), ...words];
}

export const withJson = (command: Command): Command => command.option('--json', 'print JSON');

/** Options of every command that talks to running processes. */
export const withRun = (command: Command): Command =>
  withJson(command.option('--dir <folder>', 'the run that was started with this --dir (needed when several run)', folder));
export const withMtas = (command: Command): Command =>
  withRun(command.option('--mta <name>', 'this MTA only; default: all of the run', commaList));
