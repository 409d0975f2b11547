/** The rule of the bindings: the addresses that an MTA has, listens on and dials from. Pure functions over states and effects. */
import {
  type Carrier,
  type DialPath,
  type Effect,
  findRow,
  firstX400Binding,
  isUnspecified,
  ltabOf,
  type Mta,
  type MtaConfig,
  parseStringBinding,
  rowOf,
  rowsIn,
} from '@mtalab/mta-core';
import type { Breach } from './catalogue.js';

type Listen = Extract<Effect, { type: 'listen' }>;
type Dial = Extract<Effect, { type: 'dial' }>;

function broken(mta: string, detail: string): Breach {
  return { rule: 'bindings', mta, detail };
}

/** Does a starting MTA listen on all enabled bindings, and on no others? A transport stack for X.400 does so too. */
export function listensBroken({ name, bindings, x400Port }: MtaConfig, effects: readonly Effect[]): Breach | null {
  const listens = effects.filter((effect): effect is Listen => effect.type === 'listen');
  const enabled = bindings.flatMap((binding, id) => (binding.enabled ? [id] : []));
  // Listeners of an endpoint mapper have ids beyond those of the bindings.
  const rpc = listens.flatMap(({ link, binding }) => (link === 'rpc' && binding < bindings.length ? [binding] : []));
  const x400 = listens.flatMap(({ link, binding }) => (link === 'x400' ? [binding - firstX400Binding] : []));
  return listensOnOthers(name, rpc, enabled) ?? listensOnOthers(name, x400, x400Port === undefined ? [] : enabled);
}

function listensOnOthers(name: string, asked: readonly number[], enabled: readonly number[]): Breach | null {
  if ([...asked].sort().join() === enabled.join()) return null;
  return broken(
    name,
    `It listens on the bindings ${asked.join(', ') || 'none'}, but ${enabled.join(', ') || 'none'} are enabled.`,
  );
}

/** Has a command kept the set of bindings, and does each dial leave from a permitted address? */
export function bindingsBroken(before: Mta, after: Mta, effects: readonly Effect[]): Breach | null {
  if (before.bindings !== after.bindings) {
    const ids = (mta: Mta): string =>
      mta.bindings
        .map(({ id }) => id)
        .sort()
        .join(', ');
    if (ids(before) !== ids(after)) return broken(after.name, `It had the bindings ${ids(before)}, and now has ${ids(after)}.`);
    if (after.bindings.every(({ enabled }) => !enabled) && before.bindings.some(({ enabled }) => enabled))
      return broken(after.name, 'None of its bindings is enabled any more.');
  }
  for (const effect of effects) {
    const found = effect.type === 'dial' ? dialBroken(before, after, effect) : null;
    if (found !== null) return found;
  }
  return null;
}

function dialBroken(before: Mta, mta: Mta, dial: Dial): Breach | null {
  const from = dial.localAddress ?? null;
  const carrier = rowsIn(mta.rpc.carriers).find(({ ownFirst, ownData }) => ownFirst === dial.conn || ownData.conn === dial.conn);
  if (carrier?.ownData.conn === dial.conn) return dataBroken(mta, carrier, dial, from);
  const attempt = carrier?.id ?? findRow(mta.x400.connections, dial.conn)?.owner?.association;
  // An attempt under way keeps its old order of bindings, but skips bindings that were disabled meanwhile.
  const isEnabled = from === null || mta.bindings.some(({ address, enabled }) => enabled && address === from);
  if (isEnabled && pathsLeftOf(before, attempt).some((path) => path.from === from)) return null;
  const later = pathsLeftOf(mta, attempt).map((path) => path.from);
  const enabled = mta.bindings
    .filter((binding) => binding.enabled)
    .map(({ address }) => (isUnspecified(address) ? null : address));
  const may = enabled.length === 0 ? [null] : mta.cluster ? enabled.slice(0, 1) : enabled;
  // An attempt begins here, and this step also fixes all its later dials.
  const all = [from, ...later];
  if (all.every((each) => may.includes(each))) return null;
  return broken(mta.name, `It dials from ${all.map(words).join(', ')}; permitted are ${may.map(words).join(', ')}.`);
}

/** What an attempt to open or recover an association may still dial. */
function pathsLeftOf({ rpc, x400 }: Mta, association = -1): readonly DialPath[] {
  return (findRow(rpc.carriers, association) ?? findRow(x400.associations, association))?.pathsLeft ?? [];
}

function words(address: string | null): string {
  return address ?? 'any address';
}

/** The data connection must use the local and remote addresses of the first connection. */
function dataBroken(mta: Mta, carrier: Carrier, { host, port }: Dial, from: string | null): Breach | null {
  const { ownFirst, path } = carrier;
  const remote = ownFirst === null ? undefined : findRow(mta.rpc.connections, ownFirst)?.remote;
  const target = remote === undefined ? null : parseStringBinding(remote);
  if (target === null || path === null || (target.host === host && target.port === port && path.from === from)) return null;
  const detail = `It dials the data connection to ${host}[${port}] from ${words(from)}; the first connection went to ${remote} from ${words(path.from)}.`;
  const name = rowOf(ltabOf(mta)[carrier.entry - 1]?.associations ?? [], carrier.id)?.name;
  return { ...broken(mta.name, detail), ...(name === undefined ? {} : { association: name }) };
}
