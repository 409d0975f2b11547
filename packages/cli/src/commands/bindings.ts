/** `mtalab bindings [order|enable|disable BINDING...]`: shows and changes the local bindings. */

import { type BindingView, type BindingWish, wishedBindings } from '@mtalab/mta-core';
import type { CommandRun } from '../command-tree/command-entry.js';
import { UsageError } from '../errors.js';
import { printAnswers } from '../print-answers.js';
import { paint } from '../render/colours.js';
import { suggestion } from '../render/suggestions.js';
import { renderBindings } from '../render/views.js';
import {
  type Answer,
  askEach,
  askRun,
  chosenNames,
  chosenRun,
  type RunChoice,
  type RunFlags,
  withChannel,
} from '../running-mtas.js';

const changes = ['order', 'enable', 'disable'] as const;

function wishOf(change: string, names: readonly string[]): BindingWish {
  const kind = changes.find((each) => each === change.toLowerCase());
  if (kind === undefined) {
    throw new UsageError(`bindings takes ${changes.join(', ')}, not ${change}${suggestion(change, changes)}`);
  }
  if (names.length === 0) throw new UsageError(`bindings ${kind}: name at least one binding by its label or its address`);
  return { [kind]: names };
}

/** Changes the bindings of one MTA. @returns the bindings at the next start of an MTA that is down; undefined for one that runs. */
async function change(where: RunChoice, wish: BindingWish): Promise<readonly Answer<readonly BindingView[]>[] | undefined> {
  const entry = await chosenRun(where);
  const chosen = chosenNames(entry, where.mta);
  const [name] = chosen;
  if (name === undefined || chosen.length > 1) {
    throw new UsageError(`which MTA? Add --mta with one of ${chosenNames(entry, undefined).join(', ')}`);
  }
  const one = entry.processes.find((each) => each.name === name);
  if (one === undefined) {
    const kept = await askRun<Readonly<Record<string, readonly BindingView[]>>>({ ...where, mta: name }, 'bindings', { wish });
    return [{ mta: name, ok: true, value: kept?.value[name] ?? [] }];
  }
  const rows = await withChannel(one, (client) => client.command('bindings'));
  const wanted = wishedBindings(rows, wish);
  if (typeof wanted === 'string') throw new UsageError(`${name}: ${wanted}`);
  const kept = await askRun({ ...where, mta: name }, 'bindings', { wish });
  if (kept === undefined) await withChannel(one, (client) => client.command('bindings', { bindings: [...wanted] }));
  return undefined;
}

export const run: CommandRun = async ({ io, args, options }) => {
  const { json, ...where } = options as RunFlags;
  const [kind, ...names] = (args[0] ?? []) as readonly string[];
  const planned = kind === undefined ? undefined : await change(where, wishOf(kind, names));
  const answers = planned ?? (await askEach(where, 'bindings'));
  return printAnswers(io, answers, json === true, {
    json: (values) => values.map(({ mta, value }) => ({ mta, bindings: value })),
    text: (values) => renderBindings(values, paint(io.outColour, io.outColumns())),
  });
};
