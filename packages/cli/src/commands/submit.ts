/** `mtalab submit FILE...`: submits messages to a running MTA, octet for octet. */

import { randomUUID } from 'node:crypto';
import { type MailItem, octetsOf, type RunEntry, readMail } from '@mtalab/harness';
import { domainOf, type Priority, printable } from '@mtalab/mta-core';
import { counted } from '@mtalab/scenario';
import { outJson } from '../command-io.js';
import type { CommandRun } from '../command-tree/command-entry.js';
import { CliError, exitCodes, messageOf, UsageError } from '../errors.js';
import { addressesOption, addressOption } from '../option-values.js';
import { paint } from '../render/colours.js';
import { bytes } from '../render/units.js';
import { chosenProcesses, chosenRun, type RunChoice, withChannel } from '../running-mtas.js';

type SubmitFlags = RunChoice & {
  readonly mta?: string;
  readonly from?: string;
  readonly to?: readonly string[];
  readonly priority: Priority;
  readonly contentType: string;
  readonly id?: string;
  readonly json?: boolean;
};

/** Largest message from standard input, in octets. */
const maxStdinBytes = 67_108_864;

async function fromStdin(): Promise<MailItem> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of process.stdin as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > maxStdinBytes)
      throw new UsageError(`standard input is longer than ${bytes(maxStdinBytes)}, the limit of a message`);
    pieces.push(piece);
  }
  return { name: '-', sizeBytes: size, content: Buffer.concat(pieces) };
}

/** Names of standard input. Opening one of the paths fails where standard input is a socket, so they are read as `-` is. */
const stdinNames: ReadonlySet<string> = new Set(['-', '/dev/stdin', '/dev/fd/0', '/proc/self/fd/0']);

/** @throws UsageError if standard input is named twice: its second reading would be an empty message. */
function requireOneStdin(files: readonly string[]): void {
  if (files.filter((file) => stdinNames.has(file)).length > 1) throw new UsageError('standard input can be used only once');
}

async function* itemsOf(files: readonly string[]): AsyncIterable<MailItem> {
  for (const file of files) {
    if (stdinNames.has(file)) yield await fromStdin();
    else yield* readMail([file]);
  }
}

/** The mail domains of an MTA. Empty if it does not answer. */
async function domainsOf(one: RunEntry['processes'][number]): Promise<readonly string[]> {
  return withChannel(one, async (client) => (await client.command('status')).domains).catch(() => []);
}

/** The MTA that gets the mail, and the envelope. Missing options follow from the mail domains of the run. */
async function courseOf(run: RunEntry, flags: SubmitFlags) {
  const known = await Promise.all(run.processes.map(async (one) => ({ one, domains: await domainsOf(one) })));
  const domain = flags.from === undefined ? null : domainOf(flags.from);
  const home =
    flags.mta !== undefined
      ? chosenProcesses(run, flags.mta)[0]
      : known.find(({ domains }) => domain !== null && domains.includes(domain))?.one;
  const target = home ?? run.processes[0];
  if (target === undefined) throw new UsageError('no MTA of this run is up');
  const near = known.find(({ one }) => one === target)?.domains[0];
  const far = known.find(({ one }) => one !== target)?.domains[0] ?? near;
  const from = flags.from ?? (near === undefined ? undefined : `sender@${near}`);
  const to = flags.to ?? (far === undefined ? undefined : [`user@${far}`]);
  if (from === undefined || to === undefined)
    throw new UsageError('no MTA of this run says its mail domain; give --from and --to');
  return { target, originator: from, recipients: to };
}

/** The recipients, or the first few of many. */
function inShort(recipients: readonly string[]): string {
  const most = 5;
  const more = recipients.length - most;
  return `${recipients.slice(0, most).map(printable).join(', ')}${more > 0 ? ` and ${counted(more, 'more')}` : ''}`;
}

export const run: CommandRun = async ({ io, args, options }) => {
  const given = options as SubmitFlags;
  const files = args[0] as readonly string[];
  // Wrong options fail before any MTA gets a request.
  requireOneStdin(files);
  const flags: SubmitFlags = {
    ...given,
    ...(given.from === undefined ? {} : { from: addressOption('--from', given.from) }),
    ...(given.to === undefined ? {} : { to: addressesOption('--to', given.to) }),
  };
  const { target, originator, recipients } = await courseOf(await chosenRun(flags), flags);
  const base = flags.id ?? randomUUID();
  const results: { file: string; mta: string; submissionId: string; mtsId: string; known: boolean }[] = [];
  await withChannel(target, async (client) => {
    let number = 0;
    for await (const item of itemsOf(files)) {
      number += 1;
      const submissionId = files.length === 1 && number === 1 ? base : `${base}-${number}`;
      try {
        const answer = await client.submit({
          submissionId,
          originator,
          recipients,
          priority: flags.priority,
          contentType: flags.contentType,
          content: await octetsOf(item.content),
        });
        results.push({ file: item.name, mta: target.name, submissionId, ...answer });
        if (flags.json !== true) {
          const style = paint(io.outColour, io.outColumns());
          io.out(
            `${style.bold(printable(item.name))}  ${printable(answer.mtsId)}${answer.known ? '  (accepted before: no second message)' : ''}`,
          );
        }
      } catch (error) {
        throw new CliError(`${target.name} did not accept ${item.name}: ${messageOf(error)}`, { cause: error });
      }
    }
  });
  if (flags.json === true) outJson(io, results);
  else io.err(`${target.name} accepted ${counted(results.length, 'message')} from ${originator} to ${inShort(recipients)}`);
  return exitCodes.ok;
};
