/** The completion script for zsh. It can be evaluated after compinit, or stand as the file `_mtalab` in a folder of `fpath`. */
import type { ArgumentModel, CommandModel, OptionModel, TreeModel } from '../command-tree/model.js';
import { argumentCompletion, type Completion, isSubcommand, optionCompletion, subcommandsOf, wordOf } from './words.js';

/** A text inside single quotes. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
/** A text inside a specification of `_arguments`, where brackets and colons have a meaning. */
const escaped = (text: string): string => text.replace(/[\\[\]:]/g, '\\$&');

function action({ words, list, path }: Completion): string {
  const files = path === null ? '' : path === 'file' ? '_files' : '_files -/';
  if (words.length === 0) return files === '' ? ' ' : files;
  if (list) return `_values -s , value ${words.map(escaped).join(' ')}`;
  // With a blank in front, `_arguments` adds no options of its own to the command.
  return files === ''
    ? `(${words.map(escaped).join(' ')})`
    : ` _alternative "words\\:word\\:(${words.join(' ')})" "files\\:file\\:${files}"`;
}

function optionSpecs(command: CommandModel, option: OptionModel): readonly string[] {
  const value = option.value === null ? '' : `:${escaped(option.value)}:${action(optionCompletion(command, option))}`;
  const rest = `[${escaped(option.description)}]${value}`;
  const many = option.repeatable ? '*' : '';
  const names = [option.long, ...(option.short === undefined ? [] : [option.short])];
  return names.map((name) => quoted(`${many}${name}${option.value === null ? '' : '='}${rest}`.replace(/^(\*?-\w)=/, '$1+')));
}

function argumentSpec(command: CommandModel, argument: ArgumentModel, at: number, commands: readonly string[]): string {
  const place = argument.variadic ? '*' : String(at + 1);
  const optional = argument.required || argument.variadic ? ':' : '::';
  return quoted(`${place}${optional}${escaped(argument.name)}:${action(argumentCompletion(command, argument, commands))}`);
}

function commandCase(command: CommandModel, commands: readonly CommandModel[]): string {
  const subcommands = subcommandsOf(command, commands);
  const all = commands.filter((each) => !isSubcommand(each)).map(({ name }) => name);
  const specs = [
    ...command.options.flatMap((option) => optionSpecs(command, option)),
    ...command.arguments.map((argument, at) => argumentSpec(command, argument, at, all)),
    ...(subcommands.length === 0 ? [] : [quoted(`1::subcommand:(${subcommands.join(' ')})`)]),
  ];
  return [
    `        ${wordOf(command)})`,
    `          _arguments -s -S ${specs.map((spec) => `\\\n            ${spec}`).join(' ')}`,
    '          ;;',
  ].join('\n');
}

export function zshCompletion({ commands, options }: TreeModel): string {
  const subcommands = commands.filter(isSubcommand).map(wordOf);
  const described = commands
    .filter((command) => !isSubcommand(command))
    .map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`);
  const top = options.flatMap(({ long, short, description }) =>
    [long, ...(short === undefined ? [] : [short])].map((name) => quoted(`(- *)${name}[${escaped(description)}]`)),
  );
  return [
    '#compdef mtalab',
    '# Completion of mtalab for zsh, printed by `mtalab completion zsh`.',
    '',
    '_mtalab_commands() {',
    '  local -a commands=(',
    ...described,
    '  )',
    '  _describe command commands',
    '}',
    '',
    '_mtalab() {',
    '  local curcontext=$curcontext state line',
    '  typeset -A opt_args',
    `  _arguments -C ${top.join(' ')} '1:command:_mtalab_commands' '*::argument:->arguments'`,
    '  case $state in',
    '    arguments)',
    '      # A subcommand is one word with its command.',
    `      if ((CURRENT > 2)) && [[ "$words[1]-$words[2]" == (${subcommands.join('|')}) ]]; then`,
    '        words[1,2]=("$words[1]-$words[2]")',
    '        ((CURRENT--))',
    '      fi',
    '      case $words[1] in',
    ...commands.map((command) => commandCase(command, commands)),
    '      esac',
    '      ;;',
    '  esac',
    '}',
    '',
    'if [[ $funcstack[1] == _mtalab ]]; then _mtalab "$@"; else compdef _mtalab mtalab; fi',
    '',
  ].join('\n');
}
