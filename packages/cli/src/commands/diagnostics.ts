/** `mtalab diagnostics [CATEGORY] [LEVEL]`: shows and sets the diagnostics levels of running MTAs. */

import { categories, categoryNamed, type DiagnosticsLevels, type EventCategory, levelNamed, levelNames } from '@mtalab/mta-core';
import type { CommandRun } from '../command-tree/command-entry.js';
import { UsageError } from '../errors.js';
import { printAnswers } from '../print-answers.js';
import { paint } from '../render/colours.js';
import { renderDiagnostics } from '../render/diagnostics.js';
import { unknownName } from '../render/suggestions.js';
import { type Answer, askEach, askRun, type RunChoice, type RunFlags } from '../running-mtas.js';

/** The category of this name; null for `all`. @throws UsageError that lists the categories. */
function wantedCategory(text: string): EventCategory | null {
  if (text.toLowerCase() === 'all') return null;
  const category = categoryNamed(text);
  if (category !== undefined) return category;
  throw new UsageError(unknownName('category', text, [...categories, 'all']));
}

async function changed(where: RunChoice, category: string, level: string): Promise<readonly Answer<DiagnosticsLevels>[]> {
  const kept = await askRun<Readonly<Record<string, DiagnosticsLevels>>>(where, 'diagnostics', { category, level });
  if (kept === undefined) return askEach(where, 'diagnostics', { category, level });
  return kept.names.map((mta) => ({ mta, ok: true, value: kept.value[mta] as DiagnosticsLevels }));
}

export const run: CommandRun = async ({ io, args, options }) => {
  const { json, ...where } = options as RunFlags;
  const [categoryText, levelText] = args as readonly (string | undefined)[];
  const category = categoryText === undefined ? null : wantedCategory(categoryText);
  const level = levelText === undefined ? undefined : levelNamed(levelText);
  if (levelText !== undefined && level === undefined) throw new UsageError(unknownName('level', levelText, levelNames));
  const answers = level === undefined ? await askEach(where, 'diagnostics') : await changed(where, category ?? 'all', level);
  const shown = category === null ? categories : [category];
  return printAnswers(io, answers, json === true, {
    json: (values) =>
      values.map(({ mta, value }) => ({ mta, levels: Object.fromEntries(shown.map((name) => [name, value[name]])) })),
    text: (values) => renderDiagnostics(values, shown, paint(io.outColour, io.outColumns())),
  });
};
