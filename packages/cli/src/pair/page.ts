/** Starts the page of a pair. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Lab, LabPage } from '@mtalab/harness';
import type { PairFlags } from './pair-plan.js';

/** The folder of the built page. */
export function pageFolder(): string {
  return join(dirname(fileURLToPath(import.meta.resolve('@mtalab/web/package.json'))), 'dist');
}

/** Is the page wanted? A program that reads the output asks for it; a person gets it. */
function isWanted({ page, once, json, twin }: PairFlags): boolean {
  return page ?? (twin !== undefined || !(once === true || json === true));
}

/**
 * @param twin starts the twin of the pair, if a person asks for one.
 * @returns null if no page is wanted.
 * @throws HarnessError if it is not built, or its port is taken.
 */
export async function startPage(
  lab: Lab,
  flags: PairFlags,
  twin: (articles: readonly string[]) => Promise<Lab>,
): Promise<LabPage | null> {
  if (!isWanted(flags)) return null;
  // A pair without a page does not wait for this code to load.
  const [{ LabPage }, { pageLessons }] = await Promise.all([import('@mtalab/harness'), import('../learn/page-lessons.js')]);
  return LabPage.start(lab, {
    folder: pageFolder(),
    port: flags.pagePort ?? 0,
    lessons: pageLessons(),
    twin,
    title: [...lab.processes.keys()].join(' and '),
  });
}
