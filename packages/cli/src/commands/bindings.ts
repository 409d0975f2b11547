/** `mtalab bindings [order|enable|disable BINDING...]`: shows and changes the local bindings. */

import type { Answer } from '@mtalab/harness';
import { type BindingView, wishedBindings } from '@mtalab/mta-core';
import type { CommandIo } from '../command-io.js';
import type { CommandRun } from '../command-tree/command-entry.js';
import { CliError, UsageError } from '../errors.js';
import { pairCommands } from '../pair/control-schema.js';
import { printAnswers } from '../print-answers.js';
import { paint } from '../render/colours.js';
import { suggestion } from '../render/suggestions.js';
import { renderBindings } from '../render/views.js';
import {
  answerLimitMs,
  askEach,
  askMta,
  askSupervisor,
  changeLimit,
  chosenMtas,
  chosenRun,
  isSupervised,
  type RunChoice,
  type RunFlags,
} from '../running-mtas.js';

const changes = ['order', 'enable', 'disable'] as const;

type Wish = { readonly [Kind in (typeof changes)[number]]?: string[] };

function wishOf(change: string, names: readonly string[]): Wish {
  const kind = changes.find((each) => each === change.toLowerCase());
  if (kind === undefined) {
    throw new UsageError(`bindings takes ${changes.join(', ')}, not ${change}${suggestion(change, changes)}`);
  }
  if (names.length === 0) throw new UsageError(`bindings ${kind}: name at least one binding by its label or its address`);
  return { [kind]: [...names] };
}

/** Changes the bindings of one MTA. */
async function change(io: CommandIo, where: RunChoice, wish: Wish): Promise<readonly Answer<readonly BindingView[]>[]> {
  const found = await chosenRun(io, where, 'act');
  const chosen = chosenMtas(found, where.mta);
  const [one] = chosen;
  if (one === undefined || chosen.length > 1)
    throw new UsageError(`which MTA? Add --mta with one of ${found.mtas.map(({ mta }) => mta).join(', ')}`);
  const { mta } = one;
  if (one.process !== null) {
    const rows = await askMta(one, answerLimitMs(where), (client, limit) => client.command('bindings', {}, limit));
    if (!rows.ok) return [rows];
    const wanted = wishedBindings(rows.value, wish);
    if (typeof wanted === 'string') throw new UsageError(`${mta}: ${wanted}`);
    if (!isSupervised(found)) {
      const bindings = [...wanted];
      return [await askMta(one, answerLimitMs(where), (client, limit) => client.command('bindings', { bindings }, limit))];
    }
  } else if (!isSupervised(found)) throw new CliError(`${mta} is down`);
  return askSupervisor(found, where, (client) => client.commandOf(pairCommands, 'bindings', { names: [mta], wish }, changeLimit));
}

export const run: CommandRun = async ({ io, args, options }) => {
  const { json, ...where } = options as RunFlags;
  const [kind, ...names] = (args[0] ?? []) as readonly string[];
  const answers =
    kind === undefined
      ? await askEach(await chosenRun(io, where, 'look'), where, 'bindings')
      : await change(io, where, wishOf(kind, names));
  return printAnswers(io, answers, json === true, {
    json: ({ mta, value }) => ({ mta, bindings: value }),
    text: (values) => renderBindings(values, paint(io.outColour, io.outColumns())),
  });
};
