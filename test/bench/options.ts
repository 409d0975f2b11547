/** Reads the options that both benches have, and ends the process with code 2 if one is wrong. */

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** @throws UsageError unless the text is a whole number from `least` to `most`. */
export function wholeNumber(text: string, what: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new UsageError(`--${what} ${text}: expected a whole number from ${least} to ${most}`);
}

/** The members of `all` that a comma-separated list names, in their own order; all of them without a list. */
export function chosen<T extends { readonly name: string }>(all: readonly T[], list: string | undefined): readonly T[] {
  if (list === undefined) return all;
  const names = list.split(',').map((name) => name.trim());
  const known = all.map(({ name }) => name);
  const wrong = names.find((name) => !known.includes(name));
  if (wrong !== undefined)
    throw new UsageError(`--only ${wrong}: expected some of ${known.join(', ')}, with commas between them`);
  return all.filter(({ name }) => names.includes(name));
}

/** Reads options, or says what is wrong with them and how they are used. */
export function readOptions<T>(usage: string, read: () => T | 'help'): T {
  try {
    const options = read();
    if (options !== 'help') return options;
  } catch (error) {
    // `parseArgs` throws TypeErrors with a code.
    if (!(error instanceof UsageError) && !(error instanceof TypeError)) throw error;
    process.stderr.write(`${error.message}\n${usage}\n`);
    process.exit(2);
  }
  process.stdout.write(`${usage}\n`);
  process.exit(0);
}
