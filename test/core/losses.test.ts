/** MTAs on a link with one connection lose connections, processes and disks at any moment. Each message arrives once, or its originator gets a report. */
import { type LinkKind, ltabOf } from '@mtalab/mta-core';
import fc from 'fast-check';
import { test } from 'tap';
import { PureLab, withLink } from '../support/purelab.js';

const names = ['A', 'B', 'C'] as const;
const node = fc.constantFrom(...names);

/** An event at one MTA, or at the connection with this number. */
const happenings: Readonly<Record<string, (lab: PureLab, name: string, wire: number, id: string) => void>> = {
  settle: (lab) => void lab.settle(),
  step: (lab) => void lab.deliverOne(),
  'some steps': (lab, _name, count) => {
    for (let left = count; left > 0; left -= 1) lab.deliverOne();
  },
  second: (lab) => lab.pass(1000),
  minute: (lab) => lab.pass(61_000),
  lifetime: (lab) => lab.pass(301_000),
  mail: (lab, name, to, id) =>
    lab.submit(name, id, [`x@${names[to % names.length]?.toLowerCase()}.example`], { sizeBytes: 2500 }),
  'urgent mail': (lab, name, to, id) =>
    lab.submit(name, id, [`x@${names[to % names.length]?.toLowerCase()}.example`], { priority: 'urgent' }),
  cut: (lab, _name, at) => {
    const wire = lab.wires[at % Math.max(1, lab.wires.length)];
    if (wire !== undefined) lab.cutWire(wire);
  },
  'cut unnoticed': (lab, name, at) => {
    const wire = lab.wires[at % Math.max(1, lab.wires.length)];
    if (wire?.client.node === name || wire?.server.node === name) lab.cutWire(wire, name);
  },
  notice: (lab) => lab.notice(),
  crash: (lab, name) => {
    if (lab.node(name).up) lab.crash(name);
    lab.startNode(name);
  },
  'stop and start': (lab, name) => {
    lab.input(name, { type: 'stop' });
    lab.pass(4000);
    if (!lab.node(name).up) lab.startNode(name);
  },
  unreachable: (lab, name) => void lab.unreachable.add(name),
  reachable: (lab, name) => void lab.unreachable.delete(name),
  'slow disk': (lab, name) => void lab.heldStores.add(name),
  'full disk': (lab, name) => lab.storeFail(name),
  'quick disk': (lab, name) => {
    lab.heldStores.delete(name);
    lab.storeDone(name);
  },
};
const acts = fc.array(
  fc.record({
    what: fc.oneof(
      { weight: 2, arbitrary: fc.constantFrom(...Object.keys(happenings)) },
      { weight: 1, arbitrary: fc.constantFrom('mail', 'some steps', 'cut') },
    ),
    name: node,
    number: fc.nat(11),
  }),
  { minLength: 20, maxLength: 80, size: 'max' },
);

/** Repairs everything and lets the longest retry time pass. */
function atPeace(lab: PureLab): void {
  lab.unreachable.clear();
  lab.heldStores.clear();
  lab.notice();
  for (const { name, up } of lab.nodes.values()) if (up) lab.storeDone(name);
  // A stop that waited for its disk ends.
  lab.pass(4000);
  for (const { name, up } of lab.nodes.values()) if (!up) lab.startNode(name);
  lab.pass(2 * 3_600_000);
}

/** Each message has arrived once, or its originator has a report. If the message may have arrived too, the report says so. */
function nothingIsLost(lab: PureLab): void {
  const reports = new Map([...lab.reports.values()].map((facts) => [facts.subject.mtsId, facts.outcomeUnknown]));
  for (const { submissionId, mtsId } of lab.submitted) {
    const copies = lab.deliveries.filter((delivery) => delivery.mtsId === mtsId).map(({ node: at, copy }) => `${at} ${copy}`);
    const arrived = new Set(copies).size;
    if (arrived > 1) throw new Error(`${submissionId} arrived ${arrived} times`);
    if (arrived === 0 && !reports.has(mtsId)) throw new Error(`${submissionId} is lost`);
    if (arrived === 1 && reports.get(mtsId) === false)
      throw new Error(`${submissionId} arrived, and was reported as not delivered`);
  }
  for (const { name, mta } of lab.nodes.values()) {
    if (mta.queuedCopies !== 0) throw new Error(`${name} still has ${mta.queuedCopies} copies`);
    const { connections, controlBlocks, associations, interrupted } = mta.x400;
    const left = mta.memory.connections.size + connections.size + controlBlocks.length + associations.size + interrupted.size;
    if (left > 0) throw new Error(`${name} still has connections`);
  }
}

const links: readonly LinkKind[] = ['memory', 'x400'];

for (const link of links) {
  test(`${link}: after any losses, each message arrives once or is reported on, and nothing is left over`, (t) => {
    // Counts the situations that the runs reach. Otherwise the property could pass because the runs reach none.
    const seen = { recoveries: 0, duplicates: 0, turnsGiven: 0, delivered: 0 };
    fc.assert(
      fc.property(acts, (run) => {
        const lab = new PureLab(names, { checkpointSizeK: 1, openRetryIntervalS: 60, threshold: 3 }, {}, withLink(link));
        for (const [index, { what, name, number }] of run.entries()) happenings[what]?.(lab, name, number, `${what} ${index}`);
        atPeace(lab);
        nothingIsLost(lab);
        seen.delivered += lab.deliveries.length;
        for (const { mta } of lab.nodes.values()) {
          for (const { counters } of ltabOf(mta)) {
            seen.recoveries += counters.recoveries;
            seen.duplicates += counters.duplicates;
            seen.turnsGiven += counters.turnsGiven;
          }
        }
      }),
      { numRuns: Number(process.env['RUNS'] ?? 150) },
    );
    for (const [what, count] of Object.entries(seen)) t.ok(count > 0, `${what}: ${count}`);
    t.end();
  });
}
