/** Keeps which lessons were done, in a small file of this user. */
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { CliError, messageOf } from '../errors.js';

/** Limits of the file. */
const maxBytes = 65_536;
const maxLessons = 200;
const maxDamaged = 9;

const doneSchema = z.object({
  /** When it was last done, ISO 8601. */
  at: z.iso.datetime(),
  /** Right predictions of all, at the last time. */
  right: z.int().min(0).max(99),
  of: z.int().min(1).max(99),
});
const fileSchema = z.object({ version: z.literal(1), lessons: z.record(z.string().max(40), doneSchema) });

export type Done = z.output<typeof doneSchema>;
/** By id of the lesson. */
export type Progress = ReadonlyMap<string, Done>;

/** The progress, and a remark if the file is damaged. */
export type ReadProgress = { readonly progress: Progress; readonly remark: string | null };

/** `mtalab/learn.json` in `$XDG_STATE_HOME`, else in `~/.local/state`. */
export function progressFile(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const state = environment['XDG_STATE_HOME'];
  // The specification ignores a relative path.
  return join(state?.startsWith('/') === true ? state : join(homedir(), '.local', 'state'), 'mtalab', 'learn.json');
}

function parsed(file: string): Progress {
  const { size } = statSync(file);
  if (size > maxBytes) throw new Error(`it has ${size} octets, and at most ${maxBytes} are read`);
  const { lessons } = fileSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  return new Map(Object.entries(lessons).slice(0, maxLessons));
}

/** Reads the progress. A file that is damaged counts as empty, with a remark. */
export function readProgress(file: string): ReadProgress {
  if (!existsSync(file)) return { progress: new Map(), remark: null };
  try {
    return { progress: parsed(file), remark: null };
  } catch (error) {
    const why = error instanceof z.ZodError ? 'it is not a record of lessons' : messageOf(error);
    const remark = `cannot read the progress in ${file}: ${why}. It counts as empty; the next lesson that you finish moves it aside.`;
    return { progress: new Map(), remark };
  }
}

/** A free name beside a damaged file. */
function asideOf(file: string): string {
  for (let number = 1; number <= maxDamaged; number += 1) {
    const name = `${file}.damaged${number === 1 ? '' : `-${number}`}`;
    if (!existsSync(name)) return name;
  }
  throw new CliError(
    `the progress is not kept: ${file} is damaged, and there are ${maxDamaged} older damaged files beside it; remove them`,
  );
}

/**
 * Notes that a lesson was done. Moves a damaged file aside first.
 * @returns a remark if a damaged file was moved.
 * @throws CliError if the file cannot be written.
 */
export function noteDone(file: string, lesson: string, done: Done): string | null {
  const { progress, remark } = readProgress(file);
  let moved: string | null = null;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    if (remark !== null) {
      const aside = asideOf(file);
      renameSync(file, aside);
      moved = `the damaged progress file is now ${aside}`;
    }
    // The oldest entries make room.
    const entries = [...progress].filter(([id]) => id !== lesson).slice(1 - maxLessons);
    const lessons = Object.fromEntries([...entries, [lesson, done]]);
    const fresh = `${file}.${process.pid}.new`;
    writeFileSync(fresh, `${JSON.stringify({ version: 1, lessons }, null, 2)}\n`, { mode: 0o600 });
    renameSync(fresh, file);
    return moved;
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(`the progress cannot be written to ${file}: ${messageOf(error)}`);
  }
}
