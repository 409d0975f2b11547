/** The sample entries of the event explanations look like real entries from the scenarios and from seeded runs. */
import { readdirSync } from 'node:fs';
import { runOnSim } from '@mtalab/engine';
import { type EventId, type ReportedEvent, sampleParameters as samples } from '@mtalab/mta-core';
import { simulate } from '@mtalab/proof';
import { loadScenario } from 'mtalab/internal';
import { test } from 'tap';
import { PureLab } from '../support/purelab.js';

type Parameters = Readonly<Record<string, string | number>>;
type Entry = { readonly effects: readonly { readonly type: string; readonly event?: ReportedEvent }[] };

/** The logged values, by event and parameter. */
class Written {
  readonly byEvent = new Map<EventId, Map<string, Set<string | number>>>();

  readonly add = ({ id, params }: ReportedEvent): void => {
    const values = this.byEvent.get(id) ?? new Map<string, Set<string | number>>();
    this.byEvent.set(id, values);
    for (const [key, value] of Object.entries(params as Parameters)) values.set(key, (values.get(key) ?? new Set()).add(value));
  };

  readonly addEntry = ({ effects }: Entry): void => {
    for (const { event } of effects) if (event !== undefined) this.add(event);
  };
}

/** Parameters that runs on virtual time lack: files, and the remote addresses that the driver adds. */
const ofTheDriver: readonly (readonly [EventId, string])[] = [
  [2171, 'databaseError'],
  [2206, 'file'],
  [2207, 'path'],
  [51, 'address'],
];

/** Parameters with few possible values. Their sample must be a value from a real entry. */
const words = [
  'provider',
  'reason',
  'diagnostic',
  'associationType',
  'callName',
  'priority',
  'version',
  'build',
  'osError',
  'ntError',
];

/** Replaces each word and each number by a placeholder: `rtsBusy (0)` gives `a (0)`, `127.0.0.1[5002]` gives `0.0.0.0[0]`. */
function shape(value: string | number): string {
  return `${typeof value} ${String(value)
    .replace(/[A-Za-z]+/g, 'a')
    .replace(/\d+/g, '0')}`;
}

/** Writes events that no scenario or seed causes: an unknown MTA, another dialogue mode, an interrupted close. */
function ledByHand(written: Written): void {
  const lead = (adjust: ConstructorParameters<typeof PureLab>[3], swallowed?: string): void => {
    const lab = new PureLab(['MTA-A', 'MTA-B'], { associationLifetimeS: 60 }, {}, adjust);
    lab.hooks.onFrame = ({ pdu }) => !(pdu.type === 'request' && pdu.body.op === swallowed);
    lab.hooks.onEvent = (_node, event) => written.add(event);
    lab.submit('MTA-A', 'm1', ['x@mta-b.example']);
    lab.settle();
    lab.pass(300_000);
  };
  lead((config) => (config.name === 'MTA-B' ? { ...config, peers: [], routes: [] } : config));
  lead((config) => ({ ...config, settings: { ...config.settings, twoWayAlternate: config.name === 'MTA-A' } }));
  lead((config) => config, 'MtaUnBindBack');
}

test('each sample has the parameters of real entries, and values of their kind', async (t) => {
  const written = new Written();
  for (const file of readdirSync('packages/cli/scenarios'))
    await runOnSim(loadScenario(`packages/cli/scenarios/${file}`), {
      record: ({ journal }) => journal.forEach(written.addEntry),
    });
  const journal = (line: string): void => written.addEntry(JSON.parse(line) as Entry);
  for (let seed = 0; seed < 12; seed += 1) {
    simulate({}, seed, { journal });
    simulate({ faults: { adapter: { n: 1, of: 2 } } }, seed, { journal });
  }
  ledByHand(written);

  for (const [id, values] of written.byEvent) {
    const sample = samples[id] as Parameters;
    t.same(Object.keys(sample), [...values.keys()], `${id}: parameters`);
    for (const [key, real] of values) {
      if (ofTheDriver.some(([event, parameter]) => event === id && parameter === key)) continue;
      const value = sample[key] ?? '';
      const some = [...real].slice(0, 5).join(', ');
      t.ok(new Set([...real].map(shape)).has(shape(value)), `${id} ${key}: ${value} is written like ${some}`);
      if (words.includes(key)) t.ok(real.has(value), `${id} ${key}: ${value} is one of ${some}`);
    }
  }
  const never = (Object.keys(samples).map(Number) as EventId[]).filter((id) => !written.byEvent.has(id));
  // These come from disks, and from faults of the connector's layers that are not emulated.
  t.same(never, [1133, 2152, 4282, 4283, 9411]);
});
