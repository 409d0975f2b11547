/** Reads the configuration file of one MTA. */
import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { DiagnosticsLevel, MtaConfig } from '@mtalab/mta-core';
import { LineCounter, parseDocument } from 'yaml';
import type * as z from 'zod';
import { suggestion } from '../render/nearest.js';
import { checkConfig } from './check.js';
import { ConfigError, type Path, Places, type Problem, pathText, shown } from './problems.js';
import { type ConfigFile, fileSchema, knownArticles } from './schema.js';

/** Largest configuration file, in octets. */
const maxFileBytes = 1_048_576;

/** A configuration, checked and complete. Paths are absolute. */
export type LoadedConfig = {
  /** The file it was read from. */
  readonly file: string;
  /** What the core needs to know. Domains are in lower case. */
  readonly mta: MtaConfig;
  /** Folder of the store, the ports, the token and the logs. It may not exist yet. */
  readonly data: string;
  readonly control: { readonly port: number };
  /** Both of `epochMs` and `baseMs`, or neither: then the clock starts now. */
  readonly clock: { readonly timeScale: number; readonly offsetMs: number; readonly epochMs?: number; readonly baseMs?: number };
  readonly delivery: { readonly kind: 'maildir' | 'ledger'; readonly path: string };
  readonly journal: boolean;
  readonly log: { readonly console: boolean; readonly level: DiagnosticsLevel };
};

/** Keys of the mapping at a path, as the schema knows them. */
function keysAt(path: Path): readonly string[] {
  let schema: unknown = fileSchema;
  for (const part of ['', ...path]) {
    if (part !== '') {
      const holder = schema as { shape?: Record<string, unknown>; element?: unknown };
      schema = typeof part === 'number' ? holder.element : holder.shape?.[part];
    }
    // Defaults and optionals are wrapped around what they stand for.
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

function unknownKey(places: Places, path: Path, key: string): Problem {
  const keys = keysAt(path);
  const where = path.length === 0 ? '' : ` in ${pathText(path)}`;
  const hint = suggestion(key, keys) || `; the keys are ${keys.join(', ')}`;
  return { ...places.ofKey(path, key), message: `unknown key ${shown(key)}${where}${hint}` };
}

/** One problem of the schema in words; an unknown key is one problem each. */
function fromIssue(issue: z.core.$ZodIssue, root: unknown, places: Places): Problem[] {
  const path = issue.path as Path;
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(places, path, key));
  const value = valueAt(root, path);
  if (path.length > 0 && value === undefined) {
    const at = pathText(path);
    return [{ ...places.ofValue(path.slice(0, -1)), message: `${at} is missing; ${issue.message}` }];
  }
  const name = path.length === 0 ? '' : `${pathText(path)}: `;
  if (path[0] === 'legacy' && path.length === 2) {
    const message = `${name}there is no article ${shown(value)}; the articles are: ${knownArticles.join(', ')}`;
    return [{ ...places.ofValue(path), message }];
  }
  const found = Array.isArray(value) && issue.message.startsWith('expected a list') ? `${value.length} of them` : shown(value);
  // `version: 5.5` is a number to YAML.
  const unquoted =
    issue.code === 'invalid_type' && issue.expected === 'string' && (typeof value === 'number' || typeof value === 'boolean');
  return [{ ...places.ofValue(path), message: `${name}${issue.message}; found ${found}${unquoted ? ': put it in quotes' : ''}` }];
}

function readText(file: string): string {
  const fail = (message: string, cause?: unknown): never => {
    throw new ConfigError(file, [{ line: 1, column: 1, message }], { cause });
  };
  let octets: Uint8Array = new Uint8Array();
  try {
    const info = statSync(file);
    if (!info.isFile()) fail('this is not a file; give the configuration file of an MTA');
    if (info.size > maxFileBytes) fail(`the file has ${info.size} octets; a configuration has at most ${maxFileBytes}`);
    octets = readFileSync(file);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    fail(code === 'ENOENT' ? 'there is no such file' : `the file cannot be read (${code ?? String(error)})`, error);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(octets);
  } catch (error) {
    return fail('the file is not UTF-8 text', error);
  }
}

/** Parses and checks; all problems of a kind that can be told together are told together. */
function parse(text: string, file: string): ConfigFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  const places = new Places(document, lines);
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => {
      const { line, col } = lines.linePos(error.pos[0]);
      const message =
        error.code === 'MULTIPLE_DOCS'
          ? 'a second document begins here; a file configures one MTA'
          : `not YAML: ${error.message}`;
      return { line: Math.max(1, line), column: Math.max(1, col), message };
    });
    throw new ConfigError(file, problems);
  }
  let root: unknown;
  try {
    root = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new ConfigError(file, [{ line: 1, column: 1, message: `not usable as YAML: ${(error as Error).message}` }], {
      cause: error,
    });
  }
  const parsed = fileSchema.safeParse(root);
  const problems = parsed.success ? [] : parsed.error.issues.flatMap((issue) => fromIssue(issue, root, places));
  for (const finding of checkConfig(root))
    problems.push({ ...places.ofValue(finding.path), message: `${pathText(finding.path)}: ${finding.message}` });
  if (!parsed.success || problems.length > 0) throw new ConfigError(file, distinct(problems));
  return parsed.data;
}

/** A value that breaks two rules of its key is one problem. */
function distinct(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems.filter((problem) => {
    const key = `${problem.line}:${problem.column}:${problem.message}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function toLoaded(config: ConfigFile, file: string): LoadedConfig {
  const folder = dirname(resolve(file));
  const data = resolve(folder, config.data);
  const { timeScale, offsetMs, epochMs, baseMs } = config.clock;
  return {
    file: resolve(file),
    mta: {
      name: config.name,
      version: config.version,
      build: config.build,
      listen: config.listen,
      advertise: config.advertise,
      settings: config.settings,
      peers: config.peers,
      routes: config.routes.map((route) => ({ domain: route.domain.toLowerCase(), mta: route.mta })),
      localDomains: config.local.domains.map((domain) => domain.toLowerCase()),
      legacy: config.legacy,
    },
    data,
    control: config.control,
    clock: epochMs === undefined || baseMs === undefined ? { timeScale, offsetMs } : { timeScale, offsetMs, epochMs, baseMs },
    delivery: {
      kind: config.local.delivery,
      path: config.local.path === undefined ? join(data, 'mailboxes') : resolve(folder, config.local.path),
    },
    journal: config.journal,
    log: config.log,
  };
}

/**
 * Reads and checks the configuration file of one MTA.
 * @throws ConfigError with every problem, one line each, when the file cannot be read or used.
 */
export function loadConfig(file: string): LoadedConfig {
  return toLoaded(parse(readText(file), file), file);
}
