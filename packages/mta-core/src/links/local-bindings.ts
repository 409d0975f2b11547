/** The local bindings of this MTA: which addresses a dial may leave from, and in which order. */
import { behaviourOf } from '../catalogues/quirks/index.js';
import type { BindingConfig } from '../catalogues/settings.js';
import type { Mta } from '../machine/state.js';
import { familyOf, isUnspecified, parseStringBinding } from './string-binding.js';

/** A local binding. Its `id` is its place in the configuration, and stays the same when the order changes. */
export type Binding = BindingConfig & { readonly id: number };

/** One attempt of an opening: a remote string binding, and the local address to dial it from. Null: the system chooses. */
export type DialPath = { readonly endpoint: string; readonly from: string | null };

/** One binding in an operator's change. The change lists all bindings, in the new dialling order. */
export type BindingChange = { readonly id: number; readonly enabled: boolean };

/** The bindings that dials leave from, in order. */
export function triedBindings(mta: Mta): readonly Binding[] {
  const enabled = mta.bindings.filter((binding) => binding.enabled);
  return behaviourOf(mta.legacy).bindingsToTry(mta.cluster) === 'all' ? enabled : enabled.slice(0, 1);
}

/** The families of both sides in words, if no binding is of the family of any of these string bindings; else null. */
export function foreignFamily(mta: Mta, endpoints: readonly string[]): string | null {
  const from = triedBindings(mta).map(({ address }) => address);
  if (from.length === 0 || from.includes('::')) return null;
  const own = [...new Set(from.map(familyOf))];
  const remote = endpoints.map((endpoint) => familyOf(parseStringBinding(endpoint)?.host ?? ''));
  if (remote.some((family) => family === 'name' || own.includes(family))) return null;
  const theirs = [...new Set(remote)].join(' and ');
  return `${endpoints.join(', ')} is ${theirs}, and dials leave from ${from.join(', ')} (${own.join(' and ')})`;
}

/** Local addresses a dial to this string binding may leave from, in order, each once. */
function localAddresses(mta: Mta, endpoint: string): readonly (string | null)[] {
  const tried = triedBindings(mta);
  // An MTA that listens nowhere can still call.
  if (tried.length === 0) return [null];
  const remote = familyOf(parseStringBinding(endpoint)?.host ?? '');
  // `::` stands for the addresses of both families.
  const fitting = tried.filter(({ address }) => remote === 'name' || address === '::' || familyOf(address) === remote);
  // No binding has that address family. Dial anyway, so that the system's error gets into the log.
  if (fitting.length === 0) return tried.map(({ address }) => address).filter((address, at, all) => all.indexOf(address) === at);
  const from = fitting.map(({ address }) => (isUnspecified(address) ? null : address));
  return from.filter((address, at) => from.indexOf(address) === at);
}

/** All paths to these string bindings: each in turn, from each local address in turn, and each path once. */
export function dialPaths(mta: Mta, endpoints: readonly string[]): readonly DialPath[] {
  const once = endpoints.filter((endpoint, at) => endpoints.indexOf(endpoint) === at);
  return once.flatMap((endpoint) => localAddresses(mta, endpoint).map((from) => ({ endpoint, from })));
}

/** A wanted change of the bindings. It names them by their label, their address, or `address[port]`. */
export type BindingWish = {
  /** These first, in this order; the others follow as they are. */
  readonly order?: readonly string[] | undefined;
  /** Bindings to enable, by label, address, or `address[port]`. */
  readonly enable?: readonly string[] | undefined;
  /** Bindings to disable, named likewise. */
  readonly disable?: readonly string[] | undefined;
};

/** The ids of the bindings with these names, or the error in a name. */
function idsOf(bindings: readonly Binding[], names: readonly string[]): string | readonly number[] {
  const ids: number[] = [];
  for (const name of names) {
    // `[::1]` and `[::1][4097]` are ways to write an IPv6 address.
    const wanted = name.toLowerCase().replace(/^\[(.*?)\]/, '$1');
    const found = bindings.filter(({ label, address, port }) =>
      [label, address, `${address}[${port}]`].some((text) => text !== '' && text.toLowerCase() === wanted),
    );
    const [only] = found;
    if (only === undefined) return `there is no binding ${name}; there are ${bindings.map(nameOfBinding).join(', ')}`;
    if (found.length > 1) return `${name} is the name of ${found.length} bindings; name one by its label or as address[port]`;
    if (ids.includes(only.id)) return `the binding ${name} is named twice`;
    ids.push(only.id);
  }
  return ids;
}

/** A wish as the whole list in its new order, or the error in it. */
export function wishedBindings(bindings: readonly Binding[], wish: BindingWish): string | readonly BindingChange[] {
  const first = idsOf(bindings, wish.order ?? []);
  if (typeof first === 'string') return first;
  const on = idsOf(bindings, wish.enable ?? []);
  if (typeof on === 'string') return on;
  const off = idsOf(bindings, wish.disable ?? []);
  if (typeof off === 'string') return off;
  const both = bindings.find(({ id }) => on.includes(id) && off.includes(id));
  if (both !== undefined) return `${nameOfBinding(both)} cannot be enabled and disabled at once`;
  const ids = [...first, ...bindings.map(({ id }) => id).filter((id) => !first.includes(id))];
  const change = ids.map((id) => {
    const enabled = bindings.find((binding) => binding.id === id)?.enabled ?? false;
    return { id, enabled: on.includes(id) || (enabled && !off.includes(id)) };
  });
  const changed = changedBindings(bindings, change);
  return typeof changed === 'string' ? changed : change;
}

/** May this path still be taken? Its binding may have been disabled since the opening began. */
export function mayDialFrom(mta: Mta, { from }: DialPath): boolean {
  return from === null || mta.bindings.some(({ address, enabled }) => enabled && address === from);
}

/**
 * Applies a change to the order of the bindings, or to which are enabled.
 * @returns the error in the change, or the new bindings.
 */
export function changedBindings(bindings: readonly Binding[], change: readonly BindingChange[]): string | readonly Binding[] {
  if (new Set(change.map(({ id }) => id)).size !== change.length) return 'a binding is named twice';
  const missing = bindings.filter((binding) => change.every(({ id }) => id !== binding.id));
  if (missing.length > 0) return `${missing.map(nameOfBinding).join(', ')} is not named; name each binding once`;
  const unknown = change.find(({ id }) => bindings.every((binding) => binding.id !== id));
  if (unknown !== undefined) return `there is no binding ${unknown.id}`;
  if (change.every(({ enabled }) => !enabled)) return 'no binding would be enabled; leave one enabled';
  return change.map(({ id, enabled }) => ({ ...(bindings.find((binding) => binding.id === id) as Binding), enabled }));
}

/** Where a binding is, as configured. */
export function placeOfBinding({ address, port }: Pick<BindingConfig, 'address' | 'port'>): string {
  return port === 0 ? address : `${address}[${port}]`;
}

/** A binding in words. */
export function nameOfBinding(binding: BindingConfig): string {
  return binding.label === '' ? placeOfBinding(binding) : `${binding.label} (${placeOfBinding(binding)})`;
}
