/** Makes a core with a planted fault: patches the sources, compiles them one by one, and imports them. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { EngineCore } from '@mtalab/engine';
import ts from 'typescript';
import type { Mutant, Patch } from './mutant.js';

const sourceFolder = resolve('packages/mta-core/src');

function sources(folder = ''): readonly string[] {
  return readdirSync(join(sourceFolder, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    return entry.isDirectory() ? sources(path) : path.endsWith('.ts') ? [path] : [];
  });
}

export function compiled(text: string): string {
  const compilerOptions = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true };
  return ts.transpileModule(text, { compilerOptions }).outputText;
}

/** Finds a text and ignores differences of white space, so that a reformatted source breaks no patch. */
function pattern(find: string): RegExp {
  const words = find.trim().split(/\s+/);
  return new RegExp(words.map((word) => word.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('\\s+'), 'g');
}

/** @param folder of the sources, for the error. */
export function patched(text: string, { file, find, replace }: Patch, mutant: string, folder = 'packages/mta-core/src'): string {
  const count = [...text.matchAll(pattern(find))].length;
  if (count !== 1) {
    throw new Error(
      `The mutant '${mutant}' does not fit: its text occurs ${count} times in ${folder}/${file}, not once. ` +
        `Rewrite its patch for the present source. The text: ${find.trim()}`,
    );
  }
  return text.replace(pattern(find), () => replace);
}

/** Compiles the core's sources and makes cores with faults from them. Holds a temporary folder until its disposal. */
export class Workshop {
  readonly #folder = mkdtempSync(join(tmpdir(), 'mtalab-mutants-'));
  readonly #texts = new Map<string, string>();
  readonly #compiled = new Map<string, string>();
  #made = 0;

  constructor() {
    writeFileSync(join(this.#folder, 'package.json'), '{ "type": "module" }\n');
    for (const path of sources()) {
      const text = readFileSync(join(sourceFolder, path), 'utf8');
      this.#texts.set(path, text);
      this.#compiled.set(path, compiled(text));
    }
  }

  /**
   * A core with these patches; without patches, the real core.
   * @throws Error if a patch does not fit; the message names the mutant.
   */
  async core({ name, patches }: Pick<Mutant, 'name' | 'patches'>): Promise<EngineCore> {
    const changed = new Map<string, string>();
    for (const patch of patches) {
      const text = changed.get(patch.file) ?? this.#texts.get(patch.file);
      if (text === undefined) throw new Error(`The mutant '${name}' does not fit: there is no ${patch.file} in the core.`);
      changed.set(patch.file, patched(text, patch, name));
    }
    this.#made += 1;
    const folder = join(this.#folder, String(this.#made));
    for (const [path, text] of this.#compiled) {
      const target = join(folder, path.replace(/\.ts$/, '.js'));
      mkdirSync(dirname(target), { recursive: true });
      const change = changed.get(path);
      writeFileSync(target, change === undefined ? text : compiled(change));
    }
    const { start, step, nextDeadline } = (await import(pathToFileURL(join(folder, 'index.js')).href)) as EngineCore;
    return { start, step, nextDeadline };
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
