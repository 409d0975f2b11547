/** The bindings of the MTAs of a lab: what they are, and changes that last over restarts. */
import { type BindingView, type BindingWish, wishedBindings } from '@mtalab/mta-core';
import { HarnessError } from '../process/errors.js';
import type { Members } from './members.js';

/** The bindings of an MTA in their present order. Of an MTA that is down: those of its next start. */
export async function bindingsOf(members: Members, name: string): Promise<readonly BindingView[]> {
  const process = members.get(name);
  if (process.up) return process.client.command('bindings');
  return members.bindingsOf(name).map(({ address = '127.0.0.1', port = 0, label = '', enabled = true }, id) => ({
    id,
    address,
    port,
    label,
    enabled,
    dialOrder: null,
    listening: 'off',
    osError: null,
    mapperPort: null,
  }));
}

/** @throws HarnessError if a binding is unknown, or if none would be enabled. */
export async function changeBindings(members: Members, name: string, wish: BindingWish): Promise<void> {
  const process = members.get(name);
  const change = wishedBindings(await bindingsOf(members, name), wish);
  if (typeof change === 'string') throw new HarnessError(`${name}: ${change}`);
  const numbered = members.numberedBindings(name);
  if (process.up) await process.client.command('bindings', { bindings: [...change] });
  await members.setBindings(
    name,
    change.map(({ id, enabled }) => ({ ...numbered[id], enabled })),
  );
}
