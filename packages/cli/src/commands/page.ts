/** `mtalab page`: prints an address of the page of a running pair, or makes a page of recorded journals. */
import { readRecording, readStaticFiles, recordingPage, writePage } from '@mtalab/harness';
import type { PairedItem } from '@mtalab/trace';
import { outJson } from '../command-io.js';
import type { CommandRun } from '../command-tree/command-entry.js';
import { CliError, exitCodes, UsageError } from '../errors.js';
import { pairCommands } from '../pair/control-schema.js';
import { pageFolder } from '../pair/page.js';
import { askSupervisor, chosenRun, isSupervised, type RunFlags } from '../running-mtas.js';

type PageFlags = RunFlags & {
  readonly twin?: readonly string[];
  readonly out?: string;
  readonly force?: boolean;
  readonly title?: string;
};

export const run: CommandRun = async ({ io, args, options }) => {
  const flags = options as PageFlags;
  const files = args[0] as readonly string[];
  if (files.length === 0) {
    if (flags.twin !== undefined)
      throw new UsageError('--twin needs the journals of the first pair too: mtalab page JOURNAL... --twin JOURNAL...');
    if (flags.out !== undefined) throw new UsageError('--out needs the journals to show: mtalab page JOURNAL... --out FILE.html');
    const found = await chosenRun(io, flags, 'look');
    if (!isSupervised(found)) throw new CliError('this MTA runs by itself and has no page; `mtalab pair` has one');
    const { address } = await askSupervisor(found, flags, (client, limit) => client.commandOf(pairCommands, 'page', {}, limit));
    if (flags.json === true) outJson(io, { dir: found.dir, address });
    else io.out(address);
    return exitCodes.ok;
  }
  if (flags.out === undefined) throw new UsageError('say where the page goes: mtalab page JOURNAL... --out FILE.html');
  const recording = await readRecording(files);
  const twin = flags.twin === undefined ? null : await readRecording(flags.twin);
  for (const remark of [...recording.remarks, ...(twin?.remarks ?? [])]) io.err(`mtalab: ${remark}`);
  const items: readonly PairedItem[] = [
    ...recording.items,
    ...(twin?.items ?? []).map((item) => ({ ...item, twin: true as const })),
  ];
  const html = recordingPage(
    readStaticFiles(pageFolder()),
    items.map((item) => JSON.stringify(item)),
    flags.title ?? [...files, ...(flags.twin ?? [])].join(', '),
  );
  await writePage(flags.out, html, flags.force === true);
  const steps = items.filter(({ k }) => k === 'step').length;
  io.err(`${flags.out} has ${steps} steps; open it in a browser`);
  return exitCodes.ok;
};
