/** `mtalab restart`: stops or kills MTAs of a pair and starts them again. */

import type { CommandRun } from '../command-tree/command-entry.js';
import { CliError } from '../errors.js';
import { pairCommands } from '../pair/control-schema.js';
import { printAnswers } from '../print-answers.js';
import { askSupervisor, chosenMtas, chosenRun, isSupervised, type RunFlags } from '../running-mtas.js';

/** Limit in real time. The MTAs restart one after the other, and each may take long to stop in order. */
const limitMs = 180_000;

export const run: CommandRun = async ({ io, options }) => {
  const { json, kill, ...where } = options as RunFlags & { readonly kill?: boolean };
  const found = await chosenRun(io, where, 'act');
  if (!isSupervised(found)) {
    throw new CliError(
      'this MTA has no supervisor that could start it again; stop it with `mtalab stop` and start it with `mtalab mta --config FILE`',
    );
  }
  const names = chosenMtas(found, where.mta).map(({ mta }) => mta);
  const answers = await askSupervisor(found, where, (client) =>
    client.commandOf(pairCommands, 'restart', { kill: kill === true, names }, { timeoutMs: limitMs }),
  );
  for (const answer of answers) if (answer.ok && answer.value.killed !== null) io.err(`mtalab: ${answer.value.killed}`);
  return printAnswers(io, answers, json === true, {
    json: ({ mta, value }) => ({ mta, killed: value.killed }),
    text: (values) => values.map(({ mta }) => `${mta} runs again`).join('\n'),
  });
};
