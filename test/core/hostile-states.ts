/** Brings an MTA into each state with a connection to a hostile neighbour H, on the links with one connection for each association. */
import { type Association, type AssociationRef, ltabOf, rowsIn } from '@mtalab/mta-core';
import fc from 'fast-check';
import { test } from 'tap';
import type { Carried } from '../support/pure-wire.js';
import type { PureLab } from '../support/purelab.js';
import { labWithStranger, limitsHold, mailHasMoved } from './hostile-lab.js';

type SessionLink = 'memory' | 'x400';
type Connection = { readonly id: number; readonly phase: string; readonly owner: AssociationRef | null };

const entryOfH = 2;
const [toH, toA] = [['x@h.example'], ['x@a.example']];

/** A's end of the connection with H. */
export function connectionToH(lab: PureLab, link: SessionLink): Connection | undefined {
  const rows: readonly Connection[] = rowsIn<Connection>(lab.mta('A')[link].connections);
  return rows.find(({ owner }) => owner === null || owner.entry === entryOfH);
}

const associationAt = (lab: PureLab): Association | undefined => ltabOf(lab.mta('A'))[entryOfH - 1]?.associations[0];

/** Lets items arrive one by one until A is in this state. */
function until(lab: PureLab, reached: () => boolean): void {
  while (!reached()) if (!lab.deliverOne()) throw new Error('the state is never reached');
}

/** The steps that lead into a state of an association. The other states are phases of an opening. */
const states: Readonly<Record<string, (lab: PureLab, link: SessionLink) => void>> = {
  sending: (lab) => {
    lab.heldStores.add('H');
    lab.submit('A', 'm1', toH, { sizeBytes: 9000 });
    lab.settle();
  },
  receiving: (lab) => {
    lab.heldStores.add('A');
    lab.submit('H', 'm1', toA, { sizeBytes: 9000 });
    lab.settle();
  },
  'with the Turn': (lab) => {
    lab.submit('A', 'm1', toH);
    lab.settle();
  },
  'without the Turn': (lab) => {
    lab.submit('H', 'm1', toA);
    lab.settle();
  },
  asking: (lab) => {
    lab.submit('H', 'm1', toA);
    lab.settle();
    lab.submit('A', 'm2', toH);
    until(lab, () => associationAt(lab)?.turn === 'asking');
  },
  'asked of': (lab, link) => {
    lab.submit('A', 'm1', toH);
    until(lab, () => connectionToH(lab, link)?.phase === 'up');
    for (const wire of lab.wires) wire.held.add('toServer');
    lab.submit('H', 'm2', toA);
    until(lab, () => associationAt(lab)?.turn === 'asked-of');
  },
  given: (lab) => {
    lab.submit('A', 'm1', toH);
    lab.settle();
    lab.submit('H', 'm2', toA);
    until(lab, () => associationAt(lab)?.turn === 'given');
  },
  closing: (lab) => {
    lab.submit('A', 'm1', toH);
    lab.settle();
    lab.nowMs += 300_000;
    lab.input('A', { type: 'timer' });
    until(lab, () => associationAt(lab)?.state === 'closing');
  },
};

/** Phases in which A waits for an opening of H; in the others A opens. */
const ofCalled: readonly string[] = ['accepted', 'answering'];

/** Brings A into this state, or into this phase of an opening. */
export function bringInto(lab: PureLab, link: SessionLink, state: string): void {
  const steps = states[state];
  if (steps !== undefined) return steps(lab, link);
  const [from, to] = ofCalled.includes(state) ? ['H', toA] : ['A', toH];
  lab.submit(from, 'm1', to);
  until(lab, () => connectionToH(lab, link)?.phase === state);
}

/** One test for each state: H sends any frames, and A keeps its limits, and the mail of the others moves. */
export function anyFrameInEachState(link: SessionLink, frame: fc.Arbitrary<Carried>, phases: readonly string[]): void {
  for (const state of [...phases, ...Object.keys(states)]) {
    test(`any frame at an MTA that is ${state}`, (t) => {
      fc.assert(
        fc.property(fc.array(frame, { minLength: 1, maxLength: 3 }), (said) => {
          const lab = labWithStranger(link, { checkpointSizeK: 1 });
          bringInto(lab, link, state);
          const wire = lab.wireOf('A', connectionToH(lab, link)?.id ?? Number.NaN);
          if (wire === undefined) throw new Error('no connection is there');
          const direction = wire.client.node === 'A' ? 'toClient' : 'toServer';
          // Frames that H has sent earlier are still under way and arrive later.
          const own = wire[direction].splice(0);
          for (const each of said) lab.inject(wire, direction, each);
          for (const _ of said) lab.deliverOn(wire, direction);
          wire[direction].push(...own);
          limitsHold(lab);
          lab.submit('A', 'for B', ['x@b.example']);
          lab.submit('B', 'from B', toA);
          for (const { held } of lab.wires) held.clear();
          lab.heldStores.clear();
          for (const name of ['A', 'H']) lab.storeDone(name);
          lab.pass(3_600_000);
          limitsHold(lab);
          mailHasMoved(lab);
        }),
        { numRuns: 100 },
      );
      t.end();
    });
  }
}
