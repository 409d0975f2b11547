/** One MTA of a virtual lab: what is kept of it over its starts, and its present life. */
import { type Binding, type BindingWish, type Mta, type MtaConfig, type OperatorCommand, wishedBindings } from '@mtalab/mta-core';
import type { LoggedEvent, StageExit } from '@mtalab/scenario';
import { VirtualStore } from '../store.js';

/** A virtual lab that can go no further, or was asked for what makes no sense. */
export class VirtualLabError extends Error {
  override readonly name = 'VirtualLabError';
}

export type Node = {
  /** As the next start has it. */
  config: MtaConfig;
  readonly store: VirtualStore;
  mta: Mta | null;
  /** Of the last start; null while it runs. */
  exit: StageExit | null;
  readonly log: LoggedEvent[];
  /** Counts the starts. */
  life: number;
  nextAccepted: number;
  steps: number;
  commitDue: boolean;
  writes: Parameters<VirtualStore['commit']>[0][];
};

export function newNode(config: MtaConfig): Node {
  const watch = { submitted: () => undefined, accepted: () => undefined, erased: () => undefined };
  const store = new VirtualStore(`store-of-${config.name}`, watch);
  return { config, store, mta: null, exit: null, log: [], life: 0, nextAccepted: 1, steps: 0, commitDue: false, writes: [] };
}

/** @throws VirtualLabError when it has ended. */
export function mustRun({ mta, exit, config }: Node): void {
  if (mta === null) throw new VirtualLabError(`${config.name} ${exit?.words ?? 'is not running'} before it was running`);
}

/**
 * The bindings as they are wished, for the next start.
 * @returns what to tell the MTA when it runs; null when it does not.
 * @throws VirtualLabError when they cannot be so.
 */
export function rebind(node: Node, wish: BindingWish): OperatorCommand | null {
  const changeOf = (bindings: readonly Binding[]) => {
    const change = wishedBindings(bindings, wish);
    if (typeof change === 'string') throw new VirtualLabError(`${node.config.name}: ${change}`);
    return change;
  };
  const live = node.mta === null ? null : changeOf(node.mta.bindings);
  const before = node.config.bindings;
  const kept = changeOf(before.map((binding, id) => ({ ...binding, id })));
  const bindings = kept.flatMap(({ id, enabled }) => before.slice(id, id + 1).map((binding) => ({ ...binding, enabled })));
  node.config = { ...node.config, bindings };
  return live === null ? null : { op: 'bindings', bindings: live };
}
