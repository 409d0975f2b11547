/** The arithmetic of the load generator, as it is or with a planted fault. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compiled, patched } from '../mutants/load.js';

export type Arithmetic = typeof import('@mtalab/harness/internal');

export type PlantedFault = {
  readonly name: string;
  /** Below the sources of the load generator. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
};

const sources = 'packages/harness/src/load';

/** Imports the arithmetic with this fault in it. Its folder must be in the repository, where its dependencies are found. */
export async function withFault(fault: PlantedFault): Promise<{ readonly arithmetic: Arithmetic; readonly remove: () => void }> {
  const folder = mkdtempSync(resolve('test/dist/planted-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    cpSync('packages/harness/package.json', join(folder, 'package.json'));
    cpSync('packages/harness/dist', join(folder, 'dist'), { recursive: true });
    const text = patched(readFileSync(join(sources, fault.file), 'utf8'), fault, fault.name, sources);
    writeFileSync(join(folder, 'dist', 'load', fault.file.replace(/\.ts$/, '.js')), compiled(text));
    const arithmetic = (await import(pathToFileURL(join(folder, 'dist', 'internal.js')).href)) as Arithmetic;
    return { arithmetic, remove };
  } catch (error) {
    remove();
    throw error;
  }
}
