/** The completion script for fish 3. */
import type { CommandModel, OptionModel, TreeModel } from '../command-tree/model.js';
import { argumentCompletion, type Completion, optionCompletion } from './words.js';

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
  return `complete -c mtalab -n '__mtalab_in ${command.name}'${short} -l ${option.long.slice(2)}${value} -d ${quoted(option.description)}`;
}

function argumentRows(command: CommandModel, commands: readonly string[]): readonly string[] {
  return command.arguments.map((argument, at) => {
    const place = argument.variadic ? '' : `; and __mtalab_at ${at} ${command.name}`;
    return `complete -c mtalab -n '__mtalab_in ${command.name}${place}'${offers(argumentCompletion(command, argument, commands))}`;
  });
}

const helpers = `# Completion of mtalab for fish, printed by \`mtalab completion fish\`.

# Is this the command of the command line?
function __mtalab_in
    set -l words (commandline -opc)
    test (count $words) -ge 2; and test "$words[2]" = "$argv[1]"
end

# Is the word at the cursor the argument with this index? Values of options are no arguments.
function __mtalab_at
    set -l words (commandline -opc)
    set -l count 0
    set -l value 0
    for word in $words[3..-1]
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
  const all = commands.map(({ name }) => name);
  const valued = commands.flatMap((command) =>
    command.options.filter(({ value }) => value !== null).map(({ long }) => quoted(`${command.name} ${long}`)),
  );
  const first = "-n 'test (count (commandline -opc)) -eq 1'";
  return [
    helpers,
    `set -g __mtalab_valued ${valued.join(' ')}`,
    '',
    'complete -c mtalab -f',
    ...options.map(({ long, short, description }) => {
      const shortForm = short === undefined ? '' : ` -s ${short.slice(1)}`;
      return `complete -c mtalab ${first}${shortForm} -l ${long.slice(2)} -d ${quoted(description)}`;
    }),
    ...commands.map(({ name, summary }) => `complete -c mtalab ${first} -f -a ${name} -d ${quoted(summary)}`),
    ...commands.flatMap((command) => [
      ...command.options.map((option) => optionRow(command, option)),
      ...argumentRows(command, all),
    ]),
    '',
  ].join('\n');
}
