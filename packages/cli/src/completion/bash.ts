/** The completion script for bash 4.4 and later. It needs no other package. */
import type { CommandModel, OptionModel, TreeModel } from '../command-tree/model.js';
import { argumentCompletion, type Completion, isSubcommand, optionCompletion, subcommandsOf, wordOf } from './words.js';

const helpers = `# Completion of mtalab for bash, printed by \`mtalab completion bash\`.

# Offers words.
_mtalab_words() {
  local word
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$1" -- "$cur")
}

# Offers words after the last comma.
_mtalab_list() {
  local word before=
  [[ $cur == *,* ]] && before=\${cur%,*},
  while IFS= read -r word; do COMPREPLY+=("$before$word"); done < <(compgen -W "$1" -- "\${cur##*,}")
  compopt -o nospace
}

_mtalab_files() {
  compopt -o default
}

_mtalab_folders() {
  local folder
  while IFS= read -r folder; do COMPREPLY+=("$folder"); done < <(compgen -d -- "$cur")
  compopt -o filenames
}
`;

const frame = `
_mtalab() {
  COMPREPLY=()
  local cur=\${COMP_WORDS[COMP_CWORD]} prev= command= at=0 index word
  ((COMP_CWORD > 0)) && prev=\${COMP_WORDS[COMP_CWORD - 1]}
  # Readline splits --option=value at the sign.
  if [[ $cur == '=' ]]; then cur=
  elif [[ $prev == '=' ]] && ((COMP_CWORD > 1)); then prev=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    if [[ -z $command ]]; then
      [[ $word == -* ]] || command=$word
    elif [[ $word == -* ]]; then
      if _mtalab_takes_value "$command" "$word"; then
        ((index++))
        [[ \${COMP_WORDS[index]} == '=' ]] && ((index++))
      fi
    elif ((at == 0)) && _mtalab_has_subcommand "$command" "$word"; then command=$command-$word
    else ((at++))
    fi
  done
`;

function line(completion: Completion): string {
  const words = completion.words.join(' ');
  const offers = [
    ...(words === '' ? [] : [`${completion.list ? '_mtalab_list' : '_mtalab_words'} '${words}'`]),
    ...(completion.path === null ? [] : [completion.path === 'file' ? '_mtalab_files' : '_mtalab_folders']),
  ];
  return offers.length === 0 ? ':' : offers.join('; ');
}

const names = (option: OptionModel): readonly string[] => [option.long, ...(option.short === undefined ? [] : [option.short])];

function commandCase(command: CommandModel, commands: readonly CommandModel[]): string {
  const options = command.options.flatMap(names).join(' ');
  const values = command.options
    .filter(({ value }) => value !== null)
    .map((option) => `        ${names(option).join('|')}) ${line(optionCompletion(command, option))}; return ;;`);
  const last = command.arguments.length - 1;
  const places = command.arguments.map((argument, at) => {
    const pattern = argument.variadic && at === last ? '*' : String(at);
    return `        ${pattern}) ${line(argumentCompletion(command, argument, topLevel(commands)))} ;;`;
  });
  return [
    `    ${wordOf(command)})`,
    ...(values.length === 0 ? [] : ['      case $prev in', ...values, '      esac']),
    `      if [[ $cur == -* ]]; then _mtalab_words '${options}'; return; fi`,
    ...(places.length === 0
      ? [`      _mtalab_words '${[...subcommandsOf(command, commands), options].join(' ')}'`]
      : ['      case $at in', ...places, '      esac']),
    '      ;;',
  ].join('\n');
}

function takesValue(commands: readonly CommandModel[]): string {
  const rows = commands.flatMap((command) => {
    const valued = command.options.filter(({ value }) => value !== null).flatMap(names);
    return valued.length === 0 ? [] : [`    ${valued.map((name) => `"${wordOf(command)} ${name}"`).join('|')}) return 0 ;;`];
  });
  return [
    '# Does the option of this command take a value?',
    '_mtalab_takes_value() {',
    '  case "$1 $2" in',
    ...rows,
    '  esac',
    '  return 1',
    '}',
  ].join('\n');
}

/** Is this word the name of a subcommand? */
function hasSubcommand(commands: readonly CommandModel[]): string {
  const names = commands.filter(isSubcommand).map(({ name }) => `"${name}"`);
  return [
    '# Has this command a subcommand with this name?',
    '_mtalab_has_subcommand() {',
    `  [[ "$1 $2" == @(${names.join('|')}) ]]`,
    '}',
  ].join('\n');
}

const topLevel = (commands: readonly CommandModel[]): readonly string[] =>
  commands.filter((command) => !isSubcommand(command)).map(({ name }) => name);

export function bashCompletion({ commands, options }: TreeModel): string {
  return [
    helpers,
    takesValue(commands),
    '',
    hasSubcommand(commands),
    frame,
    '  case $command in',
    `    '') _mtalab_words '${[...topLevel(commands), ...options.flatMap(names)].join(' ')}' ;;`,
    ...commands.map((command) => commandCase(command, commands)),
    '  esac',
    '}',
    'complete -F _mtalab mtalab',
    '',
  ].join('\n');
}
