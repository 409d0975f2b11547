/** `mtalab diagnostics [CATEGORY] [LEVEL]`: shows and sets the diagnostics levels of running MTAs. */

import type { Answer, RunEntry } from '@mtalab/harness';
import { categories, categoryNamed, type DiagnosticsLevels, type EventCategory, levelNamed, levelNames } from '@mtalab/mta-core';
import type { CommandRun } from '../command-tree/command-entry.js';
import { UsageError } from '../errors.js';
import { pairCommands } from '../pair/control-schema.js';
import { printAnswers } from '../print-answers.js';
import { paint } from '../render/colours.js';
import { renderDiagnostics } from '../render/diagnostics.js';
import { unknownName } from '../render/suggestions.js';
import {
  askEach,
  askSupervisor,
  changeLimit,
  chosenMtas,
  chosenRun,
  isSupervised,
  type RunChoice,
  type RunFlags,
} from '../running-mtas.js';

/** The category of this name; null for `all`. @throws UsageError that lists the categories. */
function wantedCategory(text: string): EventCategory | null {
  if (text.toLowerCase() === 'all') return null;
  const category = categoryNamed(text);
  if (category !== undefined) return category;
  throw new UsageError(unknownName('category', text, [...categories, 'all']));
}

async function changed(
  found: RunEntry,
  where: RunChoice,
  category: string,
  level: string,
): Promise<readonly Answer<DiagnosticsLevels>[]> {
  if (!isSupervised(found)) return askEach(found, where, 'diagnostics', { category, level });
  const names = chosenMtas(found, where.mta).map(({ mta }) => mta);
  return askSupervisor(found, where, (client) =>
    client.commandOf(pairCommands, 'diagnostics', { category, level, names }, changeLimit),
  );
}

export const run: CommandRun = async ({ io, args, options }) => {
  const { json, ...where } = options as RunFlags;
  const [categoryText, levelText] = args as readonly (string | undefined)[];
  const category = categoryText === undefined ? null : wantedCategory(categoryText);
  const level = levelText === undefined ? undefined : levelNamed(levelText);
  if (levelText !== undefined && level === undefined) throw new UsageError(unknownName('level', levelText, levelNames));
  const found = await chosenRun(io, where, level === undefined ? 'look' : 'act');
  const answers =
    level === undefined ? await askEach(found, where, 'diagnostics') : await changed(found, where, category ?? 'all', level);
  const shown = category === null ? categories : [category];
  return printAnswers(io, answers, json === true, {
    json: ({ mta, value }) => ({ mta, levels: Object.fromEntries(shown.map((name) => [name, value[name]])) }),
    text: (values) => renderDiagnostics(values, shown, paint(io.outColour, io.outColumns())),
  });
};
