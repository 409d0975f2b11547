/** The command tree as plain data, for the manual page and the completions. It is read from the program, so it cannot differ. */
import type { Command, Option } from 'commander';
import type { CommandEntry } from './command-entry.js';
import { commaList, folder, repeatable } from './shared-options.js';

export type OptionModel = {
  /** `--dir`. */
  readonly long: string;
  /** `-h`. */
  readonly short: string | undefined;
  /** The name of its value, such as `folder`. Null for a flag. */
  readonly value: string | null;
  readonly description: string;
  readonly choices: readonly string[];
  /** The default, where the description does not say it. */
  readonly standard: string | null;
  readonly required: boolean;
  /** May it be given several times? */
  readonly repeatable: boolean;
  /** Is the value a list with commas? */
  readonly list: boolean;
  /** What the value names: files, or folders. */
  readonly path: 'file' | 'folder' | null;
};

export type ArgumentModel = {
  readonly name: string;
  readonly required: boolean;
  readonly variadic: boolean;
  readonly choices: readonly string[];
};

export type CommandModel = {
  /** A subcommand has the name of its command in front: `load compare`. */
  readonly name: string;
  readonly summary: string;
  /** Heading of the command in the help. */
  readonly group: string;
  /** Help below the options; empty without. */
  readonly detail: string;
  readonly arguments: readonly ArgumentModel[];
  readonly options: readonly OptionModel[];
};

export type TreeModel = {
  readonly version: string;
  readonly description: string;
  readonly options: readonly OptionModel[];
  readonly commands: readonly CommandModel[];
  /** Help below the commands. */
  readonly detail: string;
};

/** Names of values that are files. */
const fileValues: ReadonlySet<string> = new Set(['file', 'path']);

function optionModel(option: Option): OptionModel {
  const [, value = null] = /[<[]([^>\]]+?)(?:,?\.\.\.)?[>\]]/.exec(option.flags) ?? [];
  const parse: unknown = option.parseArg;
  const standard = option.defaultValue === undefined || option.isBoolean() || option.negate ? null : String(option.defaultValue);
  return {
    long: option.long ?? '',
    short: option.short,
    value,
    description: option.description,
    choices: option.argChoices ?? [],
    standard,
    required: option.mandatory,
    repeatable: option.variadic || parse === repeatable || parse === commaList,
    list: parse === commaList,
    path: parse === folder ? 'folder' : value !== null && fileValues.has(value) ? 'file' : null,
  };
}

/** Options of a command with that for its help, in the order of the help. */
function optionsOf(command: Command): readonly OptionModel[] {
  return command.createHelp().visibleOptions(command).map(optionModel);
}

/**
 * Reads the command tree.
 * @param entries the same commands, for the help that the program keeps to itself.
 */
export function modelOf(program: Command, entries: readonly CommandEntry[], detail: string): TreeModel {
  const details = new Map(entries.flatMap((entry) => detailsOf(entry)));
  return {
    version: program.version() ?? '',
    description: program.description(),
    options: optionsOf(program),
    commands: visible(program).flatMap((command) => [
      commandModel(command, command.name(), details),
      ...visible(command).map((each) => commandModel(each, `${command.name()} ${each.name()}`, details)),
    ]),
    detail: detail.trim(),
  };
}

/** The help that the program keeps to itself, by name of the command. */
function detailsOf({ usage, detail = '', subcommands = [] }: CommandEntry, before = ''): readonly (readonly [string, string])[] {
  const name = `${before}${usage.split(' ')[0]}`;
  return [[name, detail], ...subcommands.flatMap((each) => detailsOf(each, `${name} `))];
}

function visible(command: Command): readonly Command[] {
  return command.createHelp().visibleCommands(command);
}

function commandModel(command: Command, name: string, details: ReadonlyMap<string, string>): CommandModel {
  return {
    name,
    summary: command.summary() || command.description(),
    group: command.helpGroup(),
    detail: (details.get(name) ?? '').trim(),
    arguments: command.registeredArguments.map((argument) => ({
      name: argument.name(),
      required: argument.required,
      variadic: argument.variadic,
      choices: argument.argChoices ?? [],
    })),
    options: optionsOf(command),
  };
}
