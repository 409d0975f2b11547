/** The completion script for fish 3. */
import type { CommandModel, OptionModel, TreeModel } from '../command-tree/model.js';
import { argumentCompletion, type Completion, isSubcommand, optionCompletion, subcommandsOf, wordOf } from './words.js';

/** A text inside single quotes. */
const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;

/** The arguments of `complete` for what can stand at a place. */
function offers({ words, list, path }: Completion): string {
  const parts = [
    ...(words.length === 0 ? [] : [list ? `(__fish_append , ${words.join(' ')})` : words.join(' ')]),
    ...(path === 'folder' ? ['(__fish_complete_directories)'] : []),
  ];
  const files = path === 'file' ? ' -F' : ' -f';
  return parts.length === 0 ? files : `${files} -a ${quoted(parts.join(' '))}`;
}

function optionRow(command: CommandModel, option: OptionModel): string {
  const short = option.short === undefined ? '' : ` -s ${option.short.slice(1)}`;
  const value = option.value === null ? '' : ` -r${offers(optionCompletion(command, option))}`;
  return `complete -c mtalab -n '__mtalab_in ${wordOf(command)}'${short} -l ${option.long.slice(2)}${value} -d ${quoted(option.description)}`;
}

function argumentRows(command: CommandModel, commands: readonly string[]): readonly string[] {
  return command.arguments.map((argument, at) => {
    const place = argument.variadic ? '' : `; and __mtalab_at ${at} ${wordOf(command)}`;
    return `complete -c mtalab -n '__mtalab_in ${wordOf(command)}${place}'${offers(argumentCompletion(command, argument, commands))}`;
  });
}

const helpers = `# Completion of mtalab for fish, printed by \`mtalab completion fish\`.

# The command of the command line. A subcommand is one word with its command.
function __mtalab_command
    set -l words (commandline -opc)
    if test (count $words) -ge 3; and contains -- "$words[2]-$words[3]" $__mtalab_subcommands
        echo "$words[2]-$words[3]"
    else if test (count $words) -ge 2
        echo "$words[2]"
    end
end

# Is this the command of the command line?
function __mtalab_in
    set -l command (__mtalab_command)
    test "$command" = "$argv[1]"
end

# Is the word at the cursor the argument with this index? Values of options are no arguments.
function __mtalab_at
    set -l words (commandline -opc)
    set -l count 0
    set -l value 0
    set -l first 3
    contains -- "$argv[2]" $__mtalab_subcommands; and set first 4
    for word in $words[$first..-1]
        if test $value = 1
            set value 0
        else if string match -q -- '-*' $word
            contains -- "$argv[2] $word" $__mtalab_valued; and set value 1
        else
            set count (math $count + 1)
        end
    end
    test $count -eq $argv[1]
end
`;

export function fishCompletion({ commands, options }: TreeModel): string {
  const top = commands.filter((command) => !isSubcommand(command));
  const all = top.map(({ name }) => name);
  const subcommands = commands.filter(isSubcommand).map(wordOf);
  const valued = commands.flatMap((command) =>
    command.options.filter(({ value }) => value !== null).map(({ long }) => quoted(`${wordOf(command)} ${long}`)),
  );
  const first = "-n 'test (count (commandline -opc)) -eq 1'";
  return [
    helpers,
    `set -g __mtalab_valued ${valued.join(' ')}`,
    `set -g __mtalab_subcommands ${subcommands.join(' ')}`,
    '',
    'complete -c mtalab -f',
    ...options.map(({ long, short, description }) => {
      const shortForm = short === undefined ? '' : ` -s ${short.slice(1)}`;
      return `complete -c mtalab ${first}${shortForm} -l ${long.slice(2)} -d ${quoted(description)}`;
    }),
    ...top.map(({ name, summary }) => `complete -c mtalab ${first} -f -a ${name} -d ${quoted(summary)}`),
    ...commands.flatMap((command) => [
      ...command.options.map((option) => optionRow(command, option)),
      ...argumentRows(command, all),
      ...subcommandsOf(command, commands).map(
        (name) => `complete -c mtalab -n '__mtalab_in ${wordOf(command)}; and __mtalab_at 0 ${wordOf(command)}' -f -a ${name}`,
      ),
    ]),
    '',
  ].join('\n');
}
