/** Finds bindings that have no name of their own, and bindings whose address no MTA can call. */
import { addressKey, addressProblem } from '@mtalab/harness/single';
import { type Finding, type Path, pathText, shown } from './problems.js';

/** A binding of any shape. Values of a wrong type are ignored. */
export type BindingRow = { readonly [key in 'address' | 'port' | 'label']?: unknown };

/**
 * Two bindings that share a name. The names of a binding are its label, its address and `address[port]`. Case does not matter.
 */
export type BindingClash = {
  /** The same address and port, the same label, or a label that is the address of the other binding. */
  readonly kind: 'place' | 'label' | 'label of a place';
  readonly at: number;
  readonly other: number;
  readonly name: string;
};

/** The address of a binding, and its address with its port. Two bindings at one address must differ in their ports. */
function placeOf({
  address = '127.0.0.1',
  port = 0,
}: BindingRow): { readonly name: string; readonly address: string } | undefined {
  if (typeof address !== 'string' || typeof port !== 'number') return undefined;
  const key = addressKey(address);
  return { name: port === 0 ? key : `${key}[${port}]`, address: key };
}

const lower = (text: unknown): string => (typeof text === 'string' ? text.toLowerCase() : '');

/** The clashes in a list of bindings. An entry that is no binding is undefined. */
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

/** The clashes in words, and addresses that no MTA can have. `path`: the path of the list. */
export function bindingFindings(rows: readonly (BindingRow | undefined)[], path: Path): Finding[] {
  const clashes = bindingClashes(rows).map(({ kind, at, other, name }) => {
    const there = pathText([...path, other]);
    if (kind === 'label of a place') {
      const message = `the label ${shown(name)} is also the address of ${there}, so it names two bindings; choose another label`;
      return { path: [...path, at, 'label'], message };
    }
    const what = kind === 'label' ? shown(name) : name;
    return { path: [...path, at], message: `${what} is also the binding ${there}; remove one of them` };
  });
  const wrong = rows.flatMap((row, at) => {
    const message = typeof row?.address === 'string' ? addressProblem(row.address) : undefined;
    return message === undefined ? [] : [{ path: [...path, at, 'address'], message }];
  });
  return [...clashes, ...wrong];
}
