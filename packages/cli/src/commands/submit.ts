/** `mtalab submit FILE...`: submits messages to a running MTA, octet for octet. */

import { randomUUID } from 'node:crypto';
import { type MailItem, octetsOf, type RunEntry, readMail, shellWord } from '@mtalab/harness';
import { domainOf, type Priority, printable } from '@mtalab/mta-core';
import { counted } from '@mtalab/scenario';
import { type ControlClient, ControlError, type SubmitArguments } from '@mtalab/transport';
import { outJson } from '../command-io.js';
import type { CommandRun } from '../command-tree/command-entry.js';
import { CliError, exitCodes, messageOf, UsageError } from '../errors.js';
import { addressesOption, addressOption } from '../option-values.js';
import { whyWords } from '../print-answers.js';
import { paint } from '../render/colours.js';
import { bytes } from '../render/units.js';
import { answerLimitMs, askMta, chosenMtas, chosenRun, type RunChoice } from '../running-mtas.js';

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

/**
 * The MTA that gets the mail, and the envelope. Missing options follow from the MTAs and domains of the run, and never from
 * which MTA answers: a default must not change because a process stands still.
 */
function courseOf(run: RunEntry, flags: SubmitFlags) {
  const { mtas } = run;
  const domain = flags.from === undefined ? null : domainOf(flags.from);
  const home = domain === null ? undefined : mtas.find(({ domains }) => domains.includes(domain));
  const target = flags.mta === undefined ? (home ?? mtas[0]) : chosenMtas(run, flags.mta)[0];
  if (target === undefined) throw new UsageError('this run has no MTA');
  const near = target.domains[0];
  const far = mtas.find((one) => one !== target && one.domains.length > 0)?.domains[0] ?? near;
  const from = flags.from ?? (near === undefined ? undefined : `sender@${near}`);
  const to = flags.to ?? (far === undefined ? undefined : [`user@${far}`]);
  if (from === undefined || to === undefined) throw new UsageError('no MTA of this run has a mail domain; give --from and --to');
  return { target, originator: from, recipients: to };
}

/** The recipients, or the first few of many. */
function inShort(recipients: readonly string[]): string {
  const most = 5;
  const more = recipients.length - most;
  return `${recipients.slice(0, most).map(printable).join(', ')}${more > 0 ? ` and ${counted(more, 'more')}` : ''}`;
}

/** Real time for the answer to a submission, ms: the MTA writes the message to its disk first. */
const submitLimitMs = 30_000;

/** Submits one message. @throws CliError that says whether the MTA may have accepted it. */
async function submitOne(
  client: ControlClient,
  mta: string,
  name: string,
  message: SubmitArguments,
): Promise<{ readonly mtsId: string; readonly known: boolean }> {
  try {
    return await client.submit(message, { timeoutMs: submitLimitMs });
  } catch (error) {
    const refused = error instanceof ControlError && error.code === 'refused';
    if (refused) throw new CliError(`${mta} did not accept ${name}: ${messageOf(error)}`, { cause: error });
    const again = `submit it again with --id ${shellWord(message.submissionId)}, which makes no second message`;
    throw new CliError(`nobody knows whether ${mta} accepted ${name}: ${messageOf(error)}; ${again}`, { cause: error });
  }
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
  const { target, originator, recipients } = courseOf(await chosenRun(io, flags, 'act'), flags);
  const { mta } = target;
  const base = flags.id ?? randomUUID();
  const results: { file: string; mta: string; submissionId: string; mtsId: string; known: boolean }[] = [];
  const style = paint(io.outColour);
  let failure: unknown;
  const submitAll = async (client: ControlClient): Promise<void> => {
    let number = 0;
    for await (const item of itemsOf(files)) {
      number += 1;
      const submissionId = files.length === 1 && number === 1 ? base : `${base}-${number}`;
      const answer = await submitOne(client, mta, item.name, {
        submissionId,
        originator,
        recipients,
        priority: flags.priority,
        contentType: flags.contentType,
        content: await octetsOf(item.content),
      });
      results.push({ file: item.name, mta, submissionId, ...answer });
      if (flags.json === true) continue;
      const before = answer.known ? '  (accepted before: no second message)' : '';
      io.out(`${style.bold(printable(item.name))}  ${printable(answer.mtsId)}${before}`);
    }
  };
  const reached = await askMta(target, answerLimitMs(flags), async (client) => {
    await submitAll(client).catch((error: unknown) => {
      failure = error;
    });
  });
  if (failure !== undefined) throw failure;
  if (!reached.ok) throw new CliError(`${whyWords(reached)}; nothing is submitted`);
  if (flags.json === true) outJson(io, results);
  else io.err(`${mta} accepted ${counted(results.length, 'message')} from ${originator} to ${inShort(recipients)}`);
  return exitCodes.ok;
};
