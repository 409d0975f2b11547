/** Reads a YAML file and checks it against a schema. Every problem has its line and column, and a suggestion if there is one. */
import { readFileSync, statSync } from 'node:fs';
// The rest of that package is of no use to an MTA, which reads its configuration with this.
import { counted } from '@mtalab/scenario/counted';
import { LineCounter, parseDocument } from 'yaml';
import type * as z from 'zod';
import { suggestionOrList } from '../render/suggestions.js';
import { ConfigError, type Path, type PlaceFinder, Places, type Problem, pathText, shown, UnreadableError } from './problems.js';

/** Largest file, in octets. */
const maxFileBytes = 1_048_576;

/** What a file contains, for messages. */
export type DocumentKind = {
  /** Such as `the configuration file of an MTA`. */
  readonly file: string;
  /** Such as `a configuration`. */
  readonly content: string;
  /** Such as `a file configures one MTA`. */
  readonly one: string;
};

/** The value of a file, and the place of each part in it. */
export type Yaml = { readonly root: unknown; readonly places: PlaceFinder };

function readText(file: string, kind: DocumentKind): string {
  const fail = (message: string, cause?: unknown): never => {
    throw new UnreadableError(file, message, { cause });
  };
  let octets: Uint8Array = new Uint8Array();
  try {
    const info = statSync(file);
    if (!info.isFile()) fail(`this is no file; give ${kind.file}`);
    if (info.size > maxFileBytes) fail(`the file has ${info.size} octets; ${kind.content} has at most ${maxFileBytes}`);
    octets = readFileSync(file);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    fail(code === 'ENOENT' ? 'there is no such file' : `cannot read the file (${code ?? String(error)})`, error);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(octets);
  } catch (error) {
    return fail('the file is not UTF-8 text', error);
  }
}

/**
 * Reads a YAML file.
 * @throws ConfigError if the file is unreadable or is not one YAML document.
 */
export function readYaml(file: string, kind: DocumentKind): Yaml {
  const lines = new LineCounter();
  const document = parseDocument(readText(file, kind), { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => {
      const { line, col } = lines.linePos(error.pos[0]);
      const message =
        error.code === 'MULTIPLE_DOCS' ? `a second document begins here; ${kind.one}` : `not YAML: ${error.message}`;
      return { line: Math.max(1, line), column: Math.max(1, col), message };
    });
    throw new ConfigError(file, problems);
  }
  try {
    return { root: document.toJS({ maxAliasCount: 100 }), places: new Places(document, lines) };
  } catch (error) {
    throw new ConfigError(file, [{ line: 1, column: 1, message: `not usable as YAML: ${(error as Error).message}` }], {
      cause: error,
    });
  }
}

/** The keys that the schema has for the mapping at a path. */
function keysAt(whole: z.ZodType, path: Path): readonly string[] {
  let schema: unknown = whole;
  for (const part of ['', ...path]) {
    if (part !== '') {
      const holder = schema as { shape?: Record<string, unknown>; element?: unknown };
      schema = typeof part === 'number' ? holder.element : holder.shape?.[part];
    }
    // A default or optional schema wraps another schema.
    while (typeof (schema as { unwrap?: unknown } | undefined)?.unwrap === 'function' && !('element' in (schema as object))) {
      schema = (schema as { unwrap: () => unknown }).unwrap();
    }
  }
  return Object.keys((schema as { shape?: object } | undefined)?.shape ?? {}).filter((key) => key !== '$schema');
}

function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}

function unknownKey(schema: z.ZodType, places: PlaceFinder, path: Path, key: string): Problem {
  const keys = keysAt(schema, path);
  const where = path.length === 0 ? '' : ` in ${pathText(path)}`;
  const hint = suggestionOrList(key, keys, 'the keys');
  return { ...places.ofKey(path, key), message: `unknown key ${shown(key)}${where}${hint}` };
}

/** An issue of the schema as problems. Each unknown key is a problem of its own. */
export function problemsOf(issue: z.core.$ZodIssue, schema: z.ZodType, { root, places }: Yaml): Problem[] {
  const path = issue.path as Path;
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(schema, places, path, key));
  const value = valueAt(root, path);
  if (path.length > 0 && value === undefined) {
    const at = pathText(path);
    return [{ ...places.ofValue(path.slice(0, -1)), message: `${at} is missing; ${issue.message}` }];
  }
  const name = path.length === 0 ? '' : `${pathText(path)}: `;
  const found =
    Array.isArray(value) && issue.message.startsWith('expected a list')
      ? counted(value.length, 'entry', 'entries')
      : shown(value);
  // YAML reads `release: 5.5` as a number.
  const unquoted =
    issue.code === 'invalid_type' && issue.expected === 'string' && (typeof value === 'number' || typeof value === 'boolean');
  return [{ ...places.ofValue(path), message: `${name}${issue.message}; found ${found}${unquoted ? ': put it in quotes' : ''}` }];
}

/** Removes repeated problems: a value that breaks two rules of its key is one problem. */
export function distinct(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems.filter((problem) => {
    const key = `${problem.line}:${problem.column}:${problem.message}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
