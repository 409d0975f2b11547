/** Compares the options of two runs. */
import type { LoadResult } from '@mtalab/harness';

export type OptionDifference = {
  /** Such as `--rate`. */
  readonly option: string;
  /** Its values in each run; null: the run has no such option. A flag has the value `on`. */
  readonly a: string | null;
  readonly b: string | null;
  /** Does it shape the load? Then runs that differ in it are not comparable. */
  readonly shapesLoad: boolean;
};

/** Options that choose what is measured, or where results go. All others shape the load. */
const chooseSubject: ReadonlySet<string> = new Set([
  '--legacy',
  '--fixed',
  '--legacy-on',
  '--release',
  '--nt',
  '--link',
  '--set',
  '--threshold',
  '--patience',
  // Another seed gives a load of the same kind. The comparison warns of it by itself.
  '--seed',
  '--bindings',
  '--cluster',
  '--mapper',
  '--delivery',
  '--dir',
  '--label',
  '--report',
  '--out',
  '--json',
  '--journal',
]);

/** Options by name. Words that are no option belong to the option before them. An option that is given again has all its values. */
function byName(words: readonly string[]): ReadonlyMap<string, string> {
  const options = new Map<string, string[]>();
  let name = '';
  for (const word of words) {
    const [, own, value] = /^(--?[a-z][\w-]*)(?:[= ](.*))?$/is.exec(word) ?? [];
    name = own ?? name;
    const values = options.get(name) ?? [];
    options.set(name, values);
    const said = own === undefined ? word : value;
    if (said !== undefined) values.push(said);
  }
  return new Map([...options].map(([key, values]) => [key, values.length === 0 ? 'on' : values.join(' ')]));
}

/** The options in which two runs differ, those of the first run first. */
export function optionDifferences(a: LoadResult, b: LoadResult): readonly OptionDifference[] {
  const [inA, inB] = [byName(a.options), byName(b.options)];
  return [...new Set([...inA.keys(), ...inB.keys()])]
    .map((option) => ({
      option,
      a: inA.get(option) ?? null,
      b: inB.get(option) ?? null,
      shapesLoad: !chooseSubject.has(option),
    }))
    .filter((difference) => difference.a !== difference.b);
}
