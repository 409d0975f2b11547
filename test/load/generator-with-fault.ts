/** The arithmetic of the load generator with a planted fault. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
const built = 'packages/harness/dist';

/** A copy of the harness, in which each fault gets a load generator of its own. Disposal removes it. */
export class FaultyGenerators {
  /** In the repository, where the dependencies are found. */
  readonly #folder = mkdtempSync(resolve('test/dist/planted-'));
  #made = 0;

  constructor() {
    cpSync('packages/harness/package.json', join(this.#folder, 'package.json'));
    cpSync(built, join(this.#folder, 'dist'), {
      recursive: true,
      filter: (path) => !/\.(d\.ts|map|tsbuildinfo)$/.test(path),
    });
  }

  /** Imports the arithmetic with this fault in it. @throws Error if the fault does not fit the source. */
  async with(fault: PlantedFault): Promise<Arithmetic> {
    this.#made += 1;
    const name = `load-${this.#made}`;
    const dist = join(this.#folder, 'dist');
    mkdirSync(join(dist, name));
    for (const file of readdirSync(join(built, 'load')).filter((each) => each.endsWith('.js')))
      cpSync(join(built, 'load', file), join(dist, name, file));
    const text = patched(readFileSync(join(sources, fault.file), 'utf8'), fault, fault.name, sources);
    writeFileSync(join(dist, name, fault.file.replace(/\.ts$/, '.js')), compiled(text));
    const entry = join(dist, `internal-${this.#made}.js`);
    writeFileSync(entry, readFileSync(join(built, 'internal.js'), 'utf8').replaceAll('./load/', `./${name}/`));
    return (await import(pathToFileURL(entry).href)) as Arithmetic;
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
