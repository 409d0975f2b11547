/** Writes the manual page from the command tree, in the macros of man(7). */
import type { CommandModel, OptionModel, TreeModel } from '../command-tree/model.js';

/** A text that roff prints as it is. A hyphen stays a hyphen that can be copied. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/[^\x20-\x7e]/gu, (sign) => `\\[u${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`)
    .replace(/^(?=[.'])/, '\\&');
}

const bold = (text: string): string => `\\fB${roff(text)}\\fP`;
const italic = (text: string): string => `\\fI${roff(text)}\\fP`;

function argumentsOf({ arguments: list }: CommandModel): string {
  return list
    .map(({ name, required, variadic }) => {
      const word = `${italic(name)}${variadic ? ' ...' : ''}`;
      return required ? word : `[${word}]`;
    })
    .join(' ');
}

function optionRows({ long, short, value, description, choices, standard, required }: OptionModel): readonly string[] {
  const forms = [long, ...(short === undefined ? [] : [short])].map(bold).join(', ');
  const notes = [
    ...(required ? ['required'] : []),
    ...(choices.length > 0 ? [`one of ${choices.join(', ')}`] : []),
    ...(standard === null ? [] : [`default: ${standard}`]),
  ];
  const words = `${description}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`;
  return ['.TP', `${forms}${value === null ? '' : ` ${italic(value)}`}`, `${roff(words)}`];
}

/** Help text: indented lines stay as they are, the others are filled. */
function prose(text: string): readonly string[] {
  const rows: string[] = [];
  let verbatim = false;
  const show = (kept: boolean): void => {
    if (kept !== verbatim) rows.push(...(kept ? ['.PP', '.RS 2', '.nf'] : ['.fi', '.RE']));
    verbatim = kept;
  };
  for (const line of text.split('\n')) {
    if (line.trim() === '') {
      show(false);
      rows.push('.PP');
    } else {
      show(line.startsWith('  '));
      rows.push(roff(verbatim ? line.slice(2) : line));
    }
  }
  show(false);
  return rows.filter((row, at) => row !== '.PP' || rows[at + 1] !== '.PP');
}

/** A sentence from a summary. */
function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
}

function commandRows(command: CommandModel): readonly string[] {
  const usage = argumentsOf(command);
  return [
    `.SS ${bold(`mtalab ${command.name}`)}${usage === '' ? '' : ` ${usage}`} [${italic('options')}]`,
    roff(sentence(command.summary)),
    ...command.options.filter(({ long }) => long !== '--help').flatMap(optionRows),
    ...(command.detail === '' ? [] : ['.PP', ...prose(command.detail)]),
  ];
}

/** The whole page. It has no date, so that the same tree always gives the same page. */
export function renderManual(tree: TreeModel): string {
  const groups = [...new Set(tree.commands.map(({ group }) => group))];
  const [examples = '', ...rest] = tree.detail.replace(/^Examples:\n/, '').split(/\n\n/);
  return [
    '.\\" Made from the command tree by `npm run docs`. Do not edit.',
    `.TH MTALAB 1 "" "mtalab ${roff(tree.version)}" "MTA Lab"`,
    '.SH NAME',
    `mtalab \\- ${roff(tree.description.replace(/\.$/, ''))}`,
    '.SH SYNOPSIS',
    `.B mtalab\n${italic('command')} [${italic('options')}]`,
    '.SH DESCRIPTION',
    roff('MTA Lab runs message transfer agents as processes that exchange real mail over DCE/RPC on loopback.'),
    roff(
      'Commands that look at or act on a run find it by themselves, or by --dir if several runs are alive. Every command has --help.',
    ),
    '.SH OPTIONS',
    ...tree.options.flatMap(optionRows),
    ...groups.flatMap((group) => [
      `.SH ${roff(`Commands: ${group.replace(/:$/, '')}`.toUpperCase())}`,
      ...tree.commands.filter((command) => command.group === group).flatMap(commandRows),
    ]),
    '.SH EXAMPLES',
    ...prose(examples),
    '.SH OUTPUT AND EXIT STATUS',
    ...prose(rest.join('\n\n')),
    '.SH ENVIRONMENT',
    '.TP',
    bold('NO_COLOR'),
    roff('If it is set to a text that is not empty, the output has no colours.'),
    '.TP',
    bold('MTALAB_DEBUG'),
    roff('If it is set, an unexpected error shows its stack.'),
    '.SH SEE ALSO',
    roff('README.md and the folder docs of MTA Lab; mtalab explain for events, errors, articles and words.'),
    '',
  ].join('\n');
}
