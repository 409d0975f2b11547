/** Faults of the sort that comes between two events. Those of a send, a commit or a delivery are where these happen. */
import type { BindingChange } from '@mtalab/mta-core';
import type { SimNode } from '../node.js';
import type { World } from '../world.js';
import type { SimFault } from './kinds.js';

export function beginFault(world: World, fault: SimFault): void {
  switch (fault.kind) {
    case 'cut':
      if (world.network.wires.count > 0) {
        world.network.cut(world.network.wires.at(fault.pick), fault);
      }
      return;
    case 'black-hole': {
      const { peers } = nodeOf(world, fault.mta).config;
      const name = peers[fault.pick % peers.length]?.name;
      const other = world.nodes.find((node) => node.name === name);
      if (other !== undefined) world.over(fault.forMs, world.network.hole(fault.mta, other.index, fault.then));
      return;
    }
    case 'partition':
      world.over(fault.forMs, world.network.part(fault.pick, fault.then));
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
      beginAt(world, nodeOf(world, fault.mta), fault);
  }
}

function nodeOf(world: World, index: number): SimNode {
  return world.nodes[index % world.nodes.length] as SimNode;
}

type AtOne = Exclude<Extract<SimFault, { readonly mta: number }>, { readonly kind: 'black-hole' }>;

/** What befalls one MTA. */
function beginAt(world: World, node: SimNode, fault: AtOne): void {
  switch (fault.kind) {
    case 'stall':
      node.stalledUntilMs = Math.max(node.stalledUntilMs, world.nowMs + fault.forMs);
      return;
    case 'crash':
    case 'crash-after-commit':
      world.crash(node, fault.keep, fault.noticeMs, fault.forMs);
      return;
    case 'slow-store':
      node.slowUntilMs = world.nowMs + fault.forMs;
      node.slowByMs = fault.byMs;
      return;
    case 'clock':
      world.jump(node, fault.byMs);
      return;
    case 'retry':
      world.input(node, { type: 'command', command: { op: 'retry' } });
      return;
    case 'stop':
      world.watch.operatorStops();
      node.restartAfterMs = fault.forMs;
      world.input(node, { type: 'stop' });
      return;
    case 'set': {
      const { article } = fault;
      world.watch.legacyAllowed();
      world.input(node, { type: 'command', command: { op: 'set', article, mode: 'legacy' } });
      world.over(fault.forMs, () => world.input(node, { type: 'command', command: { op: 'set', article, mode: 'fixed' } }));
      return;
    }
    case 'bindings':
      beginBindings(world, node, fault);
  }
}

/** The operator changes the bindings of an MTA, and later restores what its configuration says. */
function beginBindings(world: World, node: SimNode, { turn, disable, forMs }: Extract<SimFault, { kind: 'bindings' }>): void {
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
    world.input(node, { type: 'command', command: { op: 'bindings', bindings } });
  // What cannot be must change nothing: a list that is not whole, one with a binding twice, one with none enabled.
  change(turned.slice(1));
  change([...turned, turned[0] as BindingChange]);
  change(turned.map(({ id }) => ({ id, enabled: false })));
  change(bindings);
  world.over(forMs, () => change(configured));
}
