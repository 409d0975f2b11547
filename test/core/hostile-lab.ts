/**
 * A lab of three with a hostile MTA H, which sends anything at any time. A must stay total and keep its limits, and the mail between
 * A and B must move.
 */
import { type LinkKind, ltabOf, type Settings } from '@mtalab/mta-core';
import fc from 'fast-check';
import type { Carried } from '../support/pure-wire.js';
import { PureLab, withLink } from '../support/purelab.js';
import { store } from './hostile-apdus.js';

/** Other things that may happen: mail each way, time, losses, a full disk. */
const happenings: Readonly<Record<string, (lab: PureLab, id: string) => void>> = {
  settle: (lab) => void lab.settle(),
  step: (lab) => void lab.deliverOne(),
  pass: (lab) => lab.pass(61_000),
  // Lifetimes end, and the PDUs that follow are still under way.
  lapse: (lab) => {
    lab.nowMs += 301_000;
    for (const name of lab.nodes.keys()) lab.input(name, { type: 'timer' });
  },
  cut: (lab) => lab.cutAll(),
  'full disk': (lab) => lab.storeFail('A'),
  'mail from H': (lab, id) => lab.submit('H', id, ['x@a.example'], { sizeBytes: 3000 }),
  'mail for H': (lab, id) => lab.submit('A', id, ['x@h.example'], { sizeBytes: 5000 }),
  'mail for B': (lab, id) => lab.submit('A', id, ['x@b.example'], { sizeBytes: 2000 }),
  'mail from B': (lab, id) => lab.submit('B', id, ['x@a.example'], { sizeBytes: 2000 }),
};

/** Sends on any connection of H, in the name of H. */
function say(lab: PureLab, at: number, said: Carried): void {
  const wires = lab.wires.filter((wire) => wire.client.node === 'H' || wire.server.node === 'H');
  const wire = wires[at % Math.max(1, wires.length)];
  if (wire === undefined) return;
  lab.inject(wire, wire.client.node === 'H' ? 'toServer' : 'toClient', said);
  lab.deliverOne();
}

export function limitsHold(lab: PureLab): void {
  for (const { associations, queued, queuedBytes, incoming } of ltabOf(lab.mta('A'))) {
    if (associations.length > 11) throw new Error(`${associations.length} associations`);
    if (incoming.length > 80) throw new Error(`${incoming.length} incoming`);
    if (queued < 0 || queuedBytes < 0) throw new Error(`${queued} queued, ${queuedBytes} octets`);
  }
  if (lab.mta('A').queuedCopies < 0) throw new Error('fewer copies than none');
}

/** Each message between A and B has arrived once, or its originator has a report. */
export function mailHasMoved(lab: PureLab): void {
  const reported = [...lab.reports.values()].map((facts) => facts.subject.mtsId);
  for (const { submissionId, mtsId } of lab.submitted) {
    if (!/B/.test(submissionId)) continue;
    const arrived = lab.deliveries.filter((delivery) => delivery.mtsId === mtsId).length;
    if (arrived > 1 || (arrived === 0 && !reported.includes(mtsId))) throw new Error(`${submissionId} arrived ${arrived} times`);
  }
}

/** A and B share a password; otherwise H could impersonate one of them. */
export function labWithStranger(link: LinkKind, settings: Partial<Settings>): PureLab {
  return new PureLab(['A', 'B', 'H'], settings, {}, (config) => {
    const linked = withLink(link)(config);
    const isStranger = (name: string): boolean => name === 'H';
    return {
      ...linked,
      peers: linked.peers.map((peer) => (isStranger(peer.name) || isStranger(config.name) ? peer : { ...peer, password: 's' })),
    };
  });
}

/** @param said the PDUs or frames of H, all over the same link. */
export function nobodySuffersFrom(link: LinkKind, said: fc.Arbitrary<Carried>): void {
  const acts = fc.array(
    fc.oneof(
      { weight: 5, arbitrary: fc.record({ at: fc.nat(7), said }) },
      { weight: 3, arbitrary: fc.constantFrom(...Object.keys(happenings)) },
    ),
    { minLength: 20, maxLength: 80, size: 'max' },
  );
  const settings = { maxQueuedCopies: 40, checkpointSizeK: 1, openRetryIntervalS: 60, maxConnections: 60 };
  fc.assert(
    fc.property(acts, store, (run, uuid) => {
      const lab = labWithStranger(link, settings);
      lab.crash('H');
      Object.assign(lab.node('H').store, { uuid });
      lab.startNode('H');
      for (const [index, act] of run.entries()) {
        if (typeof act === 'string') happenings[act]?.(lab, `${act} ${index}`);
        else say(lab, act.at, act.said);
        limitsHold(lab);
      }
      lab.pass(3_600_000);
      mailHasMoved(lab);
    }),
    { numRuns: Number(process.env['RUNS'] ?? 150) },
  );
}
