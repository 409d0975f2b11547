/** What no single key of a list of bindings can show: each must have a name of its own, and an address that can be called. */
import { addressKey, addressProblem } from '@mtalab/harness';
import { type Path, pathText, shown } from './problems.js';

/** A binding of any shape; what is not of the right one is passed over. */
export type BindingRow = { readonly [key in 'address' | 'port' | 'label']?: unknown };

/**
 * A binding that cannot be told from one before it. Bindings are named by their label, their address, or `address[port]`, without
 * regard to case.
 */
export type BindingClash = {
  /** The same place, the same label, or a label that is how another one's place is written. */
  readonly kind: 'place' | 'label' | 'label of a place';
  readonly at: number;
  readonly other: number;
  readonly name: string;
};

/** The address, and the address with its port. Two bindings at one address must differ in their ports. */
function placeOf({
  address = '127.0.0.1',
  port = 0,
}: BindingRow): { readonly name: string; readonly address: string } | undefined {
  if (typeof address !== 'string' || typeof port !== 'number') return undefined;
  const key = addressKey(address);
  return { name: port === 0 ? key : `${key}[${port}]`, address: key };
}

const lower = (text: unknown): string => (typeof text === 'string' ? text.toLowerCase() : '');

/** The clashes in a list, in which what is no binding at all is undefined. */
export function bindingClashes(rows: readonly (BindingRow | undefined)[]): readonly BindingClash[] {
  const clashes: BindingClash[] = [];
  const places = rows.map((row) => (row === undefined ? undefined : placeOf(row)));
  for (const [at, row] of rows.entries()) {
    const place = places[at];
    const before = places.findIndex((each) => place !== undefined && lower(each?.name) === lower(place.name));
    if (place !== undefined && before < at) clashes.push({ kind: 'place', at, other: before, name: place.name });
    const label = lower(row?.label);
    if (label === '') continue;
    const name = String(row?.label);
    const first = rows.findIndex((each) => lower(each?.label) === label);
    if (first < at) clashes.push({ kind: 'label', at, other: first, name });
    const named = places.findIndex(
      (each, other) => other !== at && each !== undefined && [lower(each.name), lower(each.address)].includes(addressKey(label)),
    );
    if (named >= 0) clashes.push({ kind: 'label of a place', at, other: named, name });
  }
  return clashes;
}

/** The same in words, with addresses that are none an MTA can have. `path`: that of the list. */
export function bindingFindings(
  rows: readonly (BindingRow | undefined)[],
  path: Path,
): { readonly path: Path; readonly message: string }[] {
  const clashes = bindingClashes(rows).map(({ kind, at, other, name }) => {
    const there = pathText([...path, other]);
    if (kind === 'label of a place') {
      const message = `the label ${shown(name)} is the address of ${there}, and bindings are named by either; choose another label`;
      return { path: [...path, at, 'label'], message };
    }
    const what = kind === 'label' ? shown(name) : name;
    return { path: [...path, at], message: `${what} is the binding ${there} already; remove one of them` };
  });
  const wrong = rows.flatMap((row, at) => {
    const message = typeof row?.address === 'string' ? addressProblem(row.address) : undefined;
    return message === undefined ? [] : [{ path: [...path, at, 'address'], message }];
  });
  return [...clashes, ...wrong];
}
