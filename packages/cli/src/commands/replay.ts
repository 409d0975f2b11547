/** `mtalab replay FILE...`: runs journals through the core again, and compares its effects with the journals. */

import { readJournal } from '@mtalab/harness';
import { printable } from '@mtalab/mta-core';
import { counted } from '@mtalab/scenario';
import { type Difference, JournalVerifier, Replayer, type Verification } from '@mtalab/trace';
import { type CommandIo, outJson } from '../command-io.js';
import type { CommandRun } from '../command-tree/command-entry.js';
import { exitCodes } from '../errors.js';
import { clip } from '../render/table.js';

type FileResult = Verification & { readonly file: string; readonly remarks: readonly string[] };

/** Longest text of an effect that is printed, in columns. */
const maxEffectColumns = 2000;

export const run: CommandRun = async ({ io, args, options }) => {
  const { verify, json } = options as { readonly verify?: boolean; readonly json?: boolean };
  const results: FileResult[] = [];
  for (const file of args[0] as readonly string[]) {
    const result = verify === true ? await verified(file) : await replayed(file);
    results.push(result);
    if (json !== true) printResult(io, result, verify === true);
  }
  const failed = results.some((result) => result.differences.length > 0);
  if (json === true) outJson(io, results);
  return failed ? exitCodes.failed : exitCodes.ok;
};

async function verified(file: string): Promise<FileResult> {
  const remarks: string[] = [];
  const verifier = new JournalVerifier(file);
  for await (const located of readJournal(file, (text) => remarks.push(text))) verifier.take(located);
  return { file, ...verifier.result, remarks };
}

/** Runs the core without comparing effects. Throws what the core throws. */
async function replayed(file: string): Promise<FileResult> {
  const remarks: string[] = [];
  const replayer = new Replayer(file);
  let [steps, effects, lives] = [0, 0, 0];
  for await (const located of readJournal(file, (text) => remarks.push(text))) {
    const done = replayer.take(located);
    steps += 1;
    effects += done.effects.length;
    if (located.entry.input.type === 'start') lives += 1;
  }
  return { file, steps, effects, lives, differences: [], remarks };
}

function printResult(io: CommandIo, result: FileResult, compared: boolean): void {
  const { file, steps, effects, lives, differences, remarks } = result;
  for (const remark of remarks) io.err(`mtalab: ${remark}`);
  const amount = `${counted(steps, 'step')}, ${counted(effects, 'effect')}, ${counted(lives, 'start')}`;
  const [first] = differences;
  if (first === undefined) {
    const outcome = !compared ? 'replayed' : steps === 0 ? 'nothing to verify' : 'every effect is the same';
    io.out(`${file}: ${amount}: ${outcome}`);
    return;
  }
  io.out(`${file}: ${amount}: ${differences.length === 1 ? 'one difference' : `${differences.length} differences; the first`}`);
  io.out(differenceLines(first).join('\n'));
}

function differenceLines({ line, node, n, input, effect, path, expected, got }: Difference): readonly string[] {
  const shown = (text: string): string => clip(printable(text), maxEffectColumns);
  const where = effect === null ? '' : `, effect ${effect + 1}${path === '' ? '' : ` at ${path}`}`;
  return [
    `  line ${line}, step ${n} of ${node}${where}`,
    `    input     ${shown(input)}`,
    `    expected  ${shown(expected)}`,
    `    got       ${shown(got)}`,
  ];
}
