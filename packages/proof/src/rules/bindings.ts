/** The rule of the bindings: which addresses an MTA has, listens on and dials from. Pure functions over states and effects. */
import {
  type Carrier,
  type Effect,
  findRow,
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

/** A start: does the MTA ask to listen on what is enabled, and on nothing else? */
export function listensBroken({ name, bindings }: MtaConfig, effects: readonly Effect[]): Breach | null {
  const listens = effects.filter((effect): effect is Listen => effect.type === 'listen').map(({ binding }) => binding);
  // An endpoint mapper has numbers beyond those of the bindings.
  const asked = listens.filter((binding) => binding < bindings.length);
  const enabled = bindings.flatMap((binding, id) => (binding.enabled ? [id] : []));
  if ([...asked].sort().join() === enabled.join()) return null;
  return broken(
    name,
    `It asks to listen on the bindings ${asked.join(', ') || 'none'}; enabled are ${enabled.join(', ') || 'none'}.`,
  );
}

/** A step: has a command left the bindings what they were, and does each dial leave from where it may? */
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
  let later: readonly (string | null)[] = [];
  const carrier = rowsIn(mta.rpc.carriers).find(({ ownFirst, ownData }) => ownFirst === dial.conn || ownData.conn === dial.conn);
  if (carrier !== undefined) {
    if (carrier.ownData.conn === dial.conn) return dataBroken(mta, carrier, dial, from);
    // An attempt that is under way goes on as it was begun, in the old order, but from no binding that was disabled meanwhile.
    const old = findRow(before.rpc.carriers, carrier.id);
    const isEnabled = from === null || mta.bindings.some(({ address, enabled }) => enabled && address === from);
    if (isEnabled && old?.pathsLeft.some((path) => path.from === from) === true) return null;
    later = carrier.pathsLeft.map((path) => path.from);
  }
  const enabled = mta.bindings
    .filter((binding) => binding.enabled)
    .map(({ address }) => (isUnspecified(address) ? null : address));
  const may = enabled.length === 0 ? [null] : mta.cluster ? enabled.slice(0, 1) : enabled;
  // Here an attempt begins: what it will try later is decided, too.
  const all = [from, ...later];
  if (all.every((each) => may.includes(each))) return null;
  return broken(mta.name, `It dials from ${all.map(words).join(', ')}; it may from ${may.map(words).join(', ')}.`);
}

function words(address: string | null): string {
  return address ?? 'any address';
}

/** The data connection goes where the first connection went, and leaves from where that one left. */
function dataBroken(mta: Mta, carrier: Carrier, { host, port }: Dial, from: string | null): Breach | null {
  const { ownFirst, path } = carrier;
  const remote = ownFirst === null ? undefined : findRow(mta.rpc.connections, ownFirst)?.remote;
  const target = remote === undefined ? null : parseStringBinding(remote);
  if (target === null || path === null || (target.host === host && target.port === port && path.from === from)) return null;
  const detail = `The data connection is dialled to ${host}[${port}] from ${words(from)}; the first one was to ${remote} from ${words(path.from)}.`;
  const name = rowOf(ltabOf(mta)[carrier.entry - 1]?.associations ?? [], carrier.id)?.name;
  return { ...broken(mta.name, detail), ...(name === undefined ? {} : { association: name }) };
}
