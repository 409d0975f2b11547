/** `mtalab ladder`: draws what passed between MTAs, from journals, PDUs of a link, or ladder lines, or while it passes. */
import { linesOf } from '@mtalab/harness';
import {
  folded,
  isNote,
  JournalReader,
  type LadderFormat,
  type LadderLine,
  type LinkPdu,
  ladderIn,
  ladderLineFrom,
  ladderOf,
  mergeTrails,
  Trails,
  withShortOpenings,
} from '@mtalab/trace';
import type { CommandIo } from '../command-io.js';
import type { CommandRun } from '../command-tree/command-entry.js';
import { CliError, exitCodes, UsageError } from '../errors.js';
import { followLadder } from '../ladder/follow.js';

type Options = {
  readonly format: LadderFormat;
  readonly association?: string;
  readonly all?: boolean;
  readonly shortOpenings?: boolean;
  readonly width?: number;
  readonly legend: boolean;
  readonly follow?: boolean;
  readonly fromStart?: boolean;
  readonly dir?: string;
};

/** Limit of ladder lines and PDUs of a link in all files. */
const maxLines = 2_000_000;

/** The content of all files. */
type Material = { readonly trails: Trails; readonly pdus: LinkPdu[]; readonly lines: LadderLine[] };

export const run: CommandRun = async ({ io, args, options }) => {
  const how = options as Options;
  const files = args[0] as readonly string[];
  if (how.follow === true) return follow(io, files, how);
  checkDrawing(files, how);
  const material: Material = { trails: new Trails(), pdus: [], lines: [] };
  for (const file of files) await read(file, material, io);
  const lines = ladderFrom(material);
  const { association } = how;
  const chosen = association === undefined ? lines : lines.filter((line) => concerns(line, association));
  if (chosen.length === 0) throw new CliError(nothingToDraw(lines, association));
  io.out(draw(condensed(chosen, how), how, io));
  return exitCodes.ok;
};

/** Options that a drawing of what has passed cannot use. */
function checkDrawing(files: readonly string[], { fromStart, dir }: Options): void {
  if (fromStart === true)
    throw new UsageError('--from-start goes with --follow; a drawing without it begins at the start anyway');
  if (dir !== undefined) throw new UsageError('--dir goes with --follow; without it, give the files to draw');
  if (files.length === 0) throw new UsageError('give the files to draw, or --follow to draw what passes in a running lab');
}

function follow(io: CommandIo, files: readonly string[], how: Options): Promise<number> {
  const { format, shortOpenings, dir } = how;
  if (format !== 'text' && format !== 'json')
    throw new UsageError(`--follow prints text or json; draw ${format} when it is over`);
  if (shortOpenings === true) throw new UsageError('--short-openings needs the whole ladder; leave it out with --follow');
  if (dir !== undefined && files.length > 0) throw new UsageError('--follow takes files or --dir, not both');
  return followLadder(io, files, { ...how, format });
}

/** Is the line about this association, or about a whole MTA? */
function concerns(line: LadderLine, association: string): boolean {
  return line.association === association || (isNote(line) && line.association === null);
}

function nothingToDraw(lines: readonly LadderLine[], association: string | undefined): string {
  const names = [...new Set(lines.map((line) => line.association).filter((name) => name !== null))];
  if (association === undefined || names.length === 0) return 'nothing passed between MTAs in these files';
  const shown = names.slice(0, 20).join(', ');
  return `unknown association ${association}; the associations are ${shown}${names.length > 20 ? ` and ${names.length - 20} more` : ''}`;
}

function ladderFrom({ trails, pdus, lines }: Material): readonly LadderLine[] {
  const sources = [trails.nodes.size > 0 || pdus.length > 0, lines.length > 0].filter(Boolean).length;
  if (sources > 1) throw new CliError('a list of ladder lines cannot be combined with other files; draw it alone');
  if (lines.length > 0) return lines;
  return pdus.length > 0 ? ladderOf(pdus, trails.nodes) : mergeTrails(trails.nodes.values());
}

function condensed(lines: readonly LadderLine[], { all, shortOpenings }: Options): readonly LadderLine[] {
  if (all === true) return lines;
  return folded(shortOpenings === true ? withShortOpenings(lines) : lines);
}

function draw(lines: readonly LadderLine[], { format, width, legend }: Options, io: CommandIo): string {
  if (format === 'shiviz')
    io.err('mtalab: ShiViz takes the first two lines as its parsing expression and its (empty) separator of executions');
  return ladderIn(format, lines, { width, legend, columns: io.outColumns() });
}

/** Reads a file. Each line shows by itself what it is: a step of a journal, a PDU of a link, or a ladder line. */
async function read(file: string, material: Material, io: CommandIo): Promise<void> {
  const reader = new JournalReader(file);
  const take = material.trails.reader(file);
  let number = 0;
  let whole = '';
  for await (const text of linesOf(file)) {
    number += 1;
    // One JSON document over several lines, as `--json` prints it.
    if (whole !== '' || (number === 1 && /^\s*[[{]\s*$/.test(text))) {
      whole += `${text}\n`;
      continue;
    }
    if (material.pdus.length + material.lines.length > maxLines)
      throw new CliError(`${file}:${number}: more than ${maxLines} lines`);
    if (!takeLinkOrLadderLine(text, material)) {
      const located = reader.take(text);
      if (located !== null) take(located);
    } else reader.take('');
  }
  reader.end();
  for (const remark of reader.remarks) io.err(`mtalab: ${remark}`);
  if (whole !== '') material.lines.push(...ladderOfDocument(file, whole));
}

/** Takes a PDU of a link or a ladder line. Returns false for any other line. */
function takeLinkOrLadderLine(text: string, { pdus, lines }: Material): boolean {
  if (!/^\s*\{/.test(text) || /^\s*\{"t":/.test(text)) return false;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return false;
  }
  const record = value as Readonly<Record<string, unknown>>;
  if (typeof record['frame'] === 'object' && typeof record['fate'] === 'string' && typeof record['seq'] === 'number') {
    pdus.push(value as LinkPdu);
    return true;
  }
  const line = ladderLineFrom(value);
  if (line !== null) lines.push(line);
  return line !== null;
}

/** The ladder lines in a JSON document: a list, or an object with a list under `ladder` or `counterexample`. */
function ladderOfDocument(file: string, text: string): readonly LadderLine[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CliError(`${file} is neither JSON lines nor one JSON document (${(error as Error).message})`);
  }
  const holder = value as Readonly<Record<string, unknown>>;
  const list = Array.isArray(value) ? value : (holder['ladder'] ?? holder['counterexample']);
  if (!Array.isArray(list))
    throw new CliError(`${file} holds no ladder; expected a list of ladder lines, or an object with a list under \`ladder\``);
  return list.map((each, at) => {
    const line = ladderLineFrom(each);
    if (line === null) throw new CliError(`${file}: entry ${at + 1} of the ladder is no ladder line; it needs from, to and text`);
    return line;
  });
}
