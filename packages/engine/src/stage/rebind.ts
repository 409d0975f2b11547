/** Changes the bindings of an MTA of a virtual lab: for its next start, and at once if it runs. */
import { type Binding, type BindingWish, type OperatorCommand, wishedBindings } from '@mtalab/mta-core';
import type { VirtualNode } from '../node.js';
import { VirtualLabError } from './virtual-lab-error.js';

/**
 * Puts the change into the configuration for the next start.
 * @returns the command for the MTA if it runs, else null.
 * @throws VirtualLabError if the change is not possible.
 */
export function rebind(node: VirtualNode, wish: BindingWish): OperatorCommand | null {
  const changeOf = (bindings: readonly Binding[]) => {
    const change = wishedBindings(bindings, wish);
    if (typeof change === 'string') throw new VirtualLabError(`${node.name}: ${change}`);
    return change;
  };
  const live = node.up && node.mta !== null ? changeOf(node.mta.bindings) : null;
  const before = node.config.bindings;
  const kept = changeOf(before.map((binding, id) => ({ ...binding, id })));
  const bindings = kept.flatMap(({ id, enabled }) => before.slice(id, id + 1).map((binding) => ({ ...binding, enabled })));
  node.config = { ...node.config, bindings };
  return live === null ? null : { op: 'bindings', bindings: live };
}
