/** Begins the faults that come between two events. Faults of a send, a commit or a delivery are in the code of these actions. */
import type { VirtualNode } from '@mtalab/engine';
import type { BindingChange } from '@mtalab/mta-core';
import type { Simulation } from '../simulation.js';
import type { SimFault } from './fault-kinds.js';
import { cut } from './lose-connection.js';

export function beginFault(simulation: Simulation, fault: SimFault): void {
  const { network } = simulation.engine;
  switch (fault.kind) {
    case 'cut':
      if (network.connections.count > 0) cut(network, network.connections.at(fault.pick), fault);
      return;
    case 'black-hole': {
      const { peers } = nodeOf(simulation, fault.mta).config;
      const name = peers[fault.pick % peers.length]?.name;
      const other = simulation.nodes.find((node) => node.name === name);
      if (other !== undefined) simulation.over(fault.forMs, simulation.ways.hole(fault.mta, other.index, fault.then));
      return;
    }
    case 'partition':
      simulation.over(fault.forMs, simulation.ways.part(fault.pick, fault.then));
      return;
    case 'lose':
    case 'lose-give':
    case 'delay':
    case 'store-full':
    case 'store-io':
    case 'mailbox':
    case 'adapter':
      return;
    default:
      beginAt(simulation, nodeOf(simulation, fault.mta), fault);
  }
}

function nodeOf(simulation: Simulation, index: number): VirtualNode {
  return simulation.nodes[index % simulation.nodes.length] as VirtualNode;
}

type AtOne = Exclude<Extract<SimFault, { readonly mta: number }>, { readonly kind: 'black-hole' }>;

/** Begins a fault of one MTA. */
function beginAt(simulation: Simulation, node: VirtualNode, fault: AtOne): void {
  const { engine } = simulation;
  const trouble = simulation.troubleOf(node);
  switch (fault.kind) {
    case 'stall':
      node.stalledUntilMs = Math.max(node.stalledUntilMs, simulation.nowMs + fault.forMs);
      return;
    case 'crash':
    case 'crash-after-commit':
      simulation.crash(node, fault);
      return;
    case 'slow-store':
      trouble.slowUntilMs = simulation.nowMs + fault.forMs;
      trouble.slowByMs = fault.byMs;
      return;
    case 'clock':
      engine.jump(node, fault.byMs);
      return;
    case 'retry':
      engine.input(node, { type: 'command', command: { op: 'retry' } });
      return;
    case 'stop':
      simulation.watch.operatorStops();
      trouble.restartAfterMs = fault.forMs;
      engine.input(node, { type: 'stop' });
      return;
    case 'set': {
      const { article } = fault;
      simulation.watch.legacyAllowed();
      engine.input(node, { type: 'command', command: { op: 'set', article, mode: 'legacy' } });
      simulation.over(fault.forMs, () => engine.input(node, { type: 'command', command: { op: 'set', article, mode: 'fixed' } }));
      return;
    }
    case 'bindings':
      beginBindings(simulation, node, fault);
      return;
    case 'damage': {
      const content = picked(node, fault.pick);
      if (content !== undefined) node.store.damaged.add(content);
      return;
    }
    case 'poison': {
      const name = node.store.contents.get(picked(node, fault.pick) ?? 0)?.name;
      if (name === undefined) return;
      trouble.poisonous.add(name);
      simulation.over(fault.forMs, () => trouble.poisonous.delete(name));
    }
  }
}

/** The content of one of the messages in a store; undefined if there is none. */
function picked({ store }: VirtualNode, pick: number): number | undefined {
  const contents = [...store.messages.keys()];
  return contents[pick % contents.length];
}

/** The operator changes the bindings of an MTA, and later restores those of its configuration. */
function beginBindings(
  simulation: Simulation,
  node: VirtualNode,
  { turn, disable, forMs }: Extract<SimFault, { kind: 'bindings' }>,
): void {
  const configured = node.config.bindings.map(({ enabled }, id): BindingChange => ({ id, enabled }));
  if (configured.length < 2) return;
  const by = turn % configured.length;
  const turned = [...configured.slice(by), ...configured.slice(0, by)];
  const last = disable
    ? turned
        .filter(({ enabled }) => enabled)
        .slice(1)
        .at(-1)
    : undefined;
  const bindings = turned.map((each) => (each === last ? { ...each, enabled: false } : each));
  const change = (bindings: readonly BindingChange[]): void =>
    simulation.engine.input(node, { type: 'command', command: { op: 'bindings', bindings } });
  // Invalid lists must change nothing: an incomplete list, one with a binding twice, one with no enabled binding.
  change(turned.slice(1));
  change([...turned, turned[0] as BindingChange]);
  change(turned.map(({ id }) => ({ id, enabled: false })));
  change(bindings);
  simulation.over(forMs, () => change(configured));
}
