/** The listeners of the X.400 connector: one on each enabled binding, at the port of its transport stack. */
import { rowOf, withRow } from '../../collections/table.js';
import type { Context } from '../../machine/context.js';
import type { Input } from '../../machine/input.js';
import type { Mta } from '../../machine/state.js';
import { emit } from '../../machine/update.js';
import type { Readiness } from '../link.js';
import { firstX400Binding, type X400Listener } from './state.js';
import { patchX400 } from './update.js';

/** Opens the listeners, if this MTA has a transport stack for the connector. */
export function listen(ctx: Context): void {
  const { x400Port: port, bindings } = ctx.mta;
  if (port === null) return;
  const enabled = bindings.filter((binding) => binding.enabled);
  const listeners = enabled.map(
    ({ id, address }): X400Listener => ({ id: firstX400Binding + id, address, port, state: 'opening' }),
  );
  patchX400(ctx, { listeners });
  for (const { id: binding, address } of listeners) emit(ctx, { type: 'listen', link: 'x400', binding, address, port });
}

export function listenAnswered(ctx: Context, given: Extract<Input, { type: 'listening' | 'listen-failed' }>): void {
  const { listeners } = ctx.mta.x400;
  const listener = rowOf(listeners, given.binding);
  if (listener === undefined) return;
  const next: X400Listener =
    given.type === 'listening' ? { ...listener, state: 'up', port: given.port } : { ...listener, state: 'failed' };
  patchX400(ctx, { listeners: withRow(listeners, next) });
}

/** A connector that nobody can reach is no connector: the MTA needs one listener at least. */
export function readiness({ x400: { listeners } }: Mta): Readiness {
  if (listeners.some(({ state }) => state === 'opening')) return 'waiting';
  return listeners.length === 0 || listeners.some(({ state }) => state === 'up') ? 'ready' : 'impossible';
}
