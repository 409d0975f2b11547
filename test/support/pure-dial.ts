/** Finds what answers a dial on virtual time. */
import type { Listeners } from '@mtalab/engine';
import { type Effect, familyOf } from '@mtalab/mta-core';
import { usualAddress } from './pure-config.js';
import type { Node } from './pure-types.js';

/** The MTA at the place dialled (null: none), and what answers the dial: a binding of it, or the error. */
export type Target = {
  readonly to: string | null;
  readonly listener: { readonly node: string; readonly binding: number } | string;
};

export function targetOf(
  { link, host, port, localAddress }: Extract<Effect, { type: 'dial' }>,
  nodes: ReadonlyMap<string, Node>,
  listeners: Listeners,
): Target {
  // The memory link has no addresses: it dials an MTA by its name.
  if (link === 'memory') return { to: host, listener: nodes.get(host)?.up ? { node: host, binding: 0 } : 'ECONNREFUSED' };
  // Every name stands for the usual address.
  const place = { host: familyOf(host) === 'name' ? usualAddress : host, port };
  const there = listeners.find(place);
  return { to: typeof there === 'string' ? null : there.node, listener: listeners.find({ ...place, localAddress }) };
}
