/** Reads values of the front matter, and notes each problem with its path. */
import { type Path, pathText } from './problems.js';

export type Finding = { readonly path: Path; readonly message: string };
export type Mapping = Readonly<Record<string, unknown>>;

const idPattern = /^[a-z0-9]+(-[a-z0-9]+)*$/;
/** Limits of the lengths of texts, in characters. */
const maxText = 2000;
const maxId = 40;

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

export class Reader {
  readonly findings: Finding[] = [];

  note(path: Path, message: string): void {
    this.findings.push({ path, message });
  }

  #expected(path: Path, what: string, value: unknown): void {
    const at = pathText(path);
    if (value === undefined) this.note(path, `${at} is missing; add ${what}`);
    else this.note(path, `${at}: expected ${what}; found ${shown(value)}`);
  }

  /** @param keys those that the mapping may have; null allows all. */
  mapping(value: unknown, path: Path, keys: readonly string[] | null): Mapping {
    if (!isMapping(value)) {
      this.#expected(path, 'a mapping', value);
      return {};
    }
    for (const key of Object.keys(value)) {
      if (keys !== null && !keys.includes(key))
        this.note(
          [...path, key],
          `unknown key "${key}"${path.length === 0 ? '' : ` in ${pathText(path)}`}; the keys are ${keys.join(', ')}`,
        );
    }
    return value;
  }

  list(value: unknown, path: Path, least: number, most: number): readonly unknown[] {
    if (!Array.isArray(value)) {
      this.#expected(path, 'a list', value);
      return [];
    }
    if (value.length < least || value.length > most)
      this.note(
        path,
        `${pathText(path)} has ${value.length} entries; it must have ${least === most ? least : `${least} to ${most}`}`,
      );
    return value;
  }

  text(value: unknown, path: Path): string {
    if (typeof value !== 'string' || value.trim() === '') {
      this.#expected(path, 'a text', value);
      return '';
    }
    if (value.length > maxText) this.note(path, `${pathText(path)} has ${value.length} characters; it may have ${maxText}`);
    return value.trim();
  }

  id(value: unknown, path: Path): string {
    if (typeof value !== 'string' || !idPattern.test(value) || value.length > maxId) {
      this.#expected(path, 'a short name of small letters, digits and hyphens', value);
      return '';
    }
    return value;
  }

  whole(value: unknown, path: Path, least: number, most: number): number {
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    this.#expected(path, `a whole number from ${least} to ${most}`, value);
    return least;
  }

  oneOf<T extends string>(value: unknown, path: Path, values: readonly T[]): T | null {
    const found = values.find((each) => each === value);
    if (found === undefined) this.#expected(path, `one of ${values.join(', ')}`, value);
    return found ?? null;
  }
}
