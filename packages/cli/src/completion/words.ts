/** The words and paths that can stand for an argument or an option, for the completions of all shells. */
import { categories, eventIds, exchangeReleases, glossary, levelNames, ntReleases, releaseArticles } from '@mtalab/mta-core';
import type { ArgumentModel, CommandModel, OptionModel } from '../command-tree/model.js';
import { emulatedArticles } from '../config/releases.js';
import { knownScenarios } from '../scenario/load.js';

/** What can stand at a place. Without words and path nothing is known, such as for a number or the name of an MTA. */
export type Completion = {
  readonly words: readonly string[];
  /** Is it a list with commas of these words? */
  readonly list: boolean;
  readonly path: 'file' | 'folder' | null;
};

/** A command as one word of a script: `load-compare` for `load compare`. */
export const wordOf = ({ name }: CommandModel): string => name.replace(' ', '-');

/** Is it a subcommand of another command? */
export const isSubcommand = ({ name }: CommandModel): boolean => name.includes(' ');

/** The names of the subcommands of a command. */
export function subcommandsOf(command: CommandModel, commands: readonly CommandModel[]): readonly string[] {
  return commands.flatMap(({ name }) => (name.startsWith(`${command.name} `) ? [name.slice(command.name.length + 1)] : []));
}

/** Without blanks: a shell reads a word with a blank as two. */
const plainWords = (words: readonly string[]): readonly string[] => words.filter((word) => !/[\s"'$`\\]/.test(word));

const scenarios = (): readonly string[] => knownScenarios().map((name) => name.replace(/^q/, 'Q'));

/** Words for the values of options, by the name of the value. */
const optionWords: Readonly<Record<string, () => readonly string[]>> = {
  articles: () => emulatedArticles,
  types: () => ['error', 'warning', 'information'],
  categories: () => plainWords(categories.map((category) => category.toLowerCase())),
  ids: () => eventIds.map(String),
};

/** The same, for one option of one command. */
const ownOptionWords: Readonly<Record<string, () => readonly string[]>> = {
  'pair --release': () => exchangeReleases.map(({ short }) => short),
  'pair --nt': () => ntReleases.map(({ short }) => short),
  'check --environment': () => ['plain', 'two-listeners', 'other-family-first', 'other-network-first', 'failing-adapter'],
  'check --full': () => ['stores', 'binds', 'cuts', 'timers', 'order'],
  'sim --faults': () => ['all', 'none'],
};

/** Words for arguments, by command and name. */
const argumentWords: Readonly<Record<string, () => readonly string[]>> = {
  'set mode': () => ['legacy', 'fixed'],
  'set article': () => emulatedArticles,
  'repro article': () => [...scenarios(), 'all'],
  'bindings change': () => ['order', 'enable', 'disable'],
  'diagnostics category': () => plainWords([...categories, 'all'].map((category) => category.toLowerCase())),
  'diagnostics level': () => levelNames,
  'fault words': () => [
    'cut',
    'hold',
    'delay',
    'black-hole',
    'drop-connection',
    'list',
    'remove',
    'release',
    'heal',
    'network',
    'step',
  ],
  'explain words': () => [
    ...plainWords(glossary.flatMap(({ names }) => names)),
    ...releaseArticles.map(({ article }) => article),
    ...eventIds.map(String),
  ],
};

/** Arguments that take a path as well as words, or a path alone. */
const argumentPaths: ReadonlySet<string> = new Set([
  'submit file',
  'scenario file',
  'replay file',
  'ladder file',
  'load compare a.json',
  'load compare b.json',
]);

export function optionCompletion(command: CommandModel, option: OptionModel): Completion {
  const known = ownOptionWords[`${command.name} ${option.long}`] ?? optionWords[option.value ?? ''];
  const words = option.choices.length > 0 ? option.choices : (known?.() ?? []);
  return { words, list: option.list, path: option.path };
}

/** @param commands the names of all commands, for `help`. */
export function argumentCompletion(command: CommandModel, argument: ArgumentModel, commands: readonly string[]): Completion {
  const place = `${command.name} ${argument.name}`;
  if (place === 'help command') return { words: commands, list: false, path: null };
  const words = argument.choices.length > 0 ? argument.choices : (argumentWords[place]?.() ?? []);
  const more = place === 'scenario file' ? scenarios() : [];
  return { words: [...words, ...more], list: false, path: argumentPaths.has(place) ? 'file' : null };
}
