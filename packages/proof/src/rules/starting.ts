/** The rule of the start: a pure function over the states before and after a step, and its effects. */
import type { Effect, Mta } from '@mtalab/mta-core';
import type { Breach } from './catalogue.js';

/** One step of a starting MTA. Does it wait for the answers to all listens, then run if it may, or end if it must? */
export function startBroken(before: Mta, after: Mta, effects: readonly Effect[]): Breach | null {
  if (before.phase !== 'starting' || after.phase === 'stopping') return null;
  // A stop in order.
  if (effects.some((effect) => effect.type === 'halt' && effect.clean)) return null;
  const addresses = after.rpc.addresses.filter(({ serves }) => serves === 'mta');
  const mapper = after.rpc.addresses.filter(({ serves }) => serves === 'mapper');
  const count = (state: string): number => addresses.filter((address) => address.state === state).length;
  const [opening, up, failed] = [count('opening'), count('up'), count('failed')];
  const of = `${up} of ${addresses.length} listeners are up${opening > 0 ? `, ${opening} are undecided` : ''}${after.cluster ? ', on a cluster' : ''}`;
  const broken = (what: string): Breach => ({ rule: 'starts', mta: after.name, detail: `${what}: ${of}.` });
  const { listeners: x400 } = after.x400;
  const undecided = opening > 0 || [...mapper, ...x400].some(({ state }) => state === 'opening');
  if (after.phase === 'starting') return undecided ? null : broken('It neither runs nor ends');
  if (undecided) return broken(after.phase === 'running' ? 'It runs too early' : 'It ends too early');
  // On each address that is up, a configured endpoint mapper must be up too.
  const serving = new Set(addresses.filter(({ state }) => state === 'up').map(({ address }) => address));
  const mapped = mapper.every(({ state, address }) => state === 'up' || !serving.has(address));
  const connected = x400.length === 0 || x400.some(({ state }) => state === 'up');
  const runs =
    mapped &&
    connected &&
    (after.cluster ? failed === 0 && mapper.every(({ state }) => state === 'up') : addresses.length === 0 || up > 0);
  if (runs === (after.phase === 'running')) return null;
  return broken(runs ? 'It ends instead of running' : 'It runs instead of ending');
}
