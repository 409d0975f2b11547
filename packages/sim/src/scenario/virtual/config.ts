/** What the MTAs of a virtual lab are started with, and what they get from each other. */
import { defaultSettings, type MtaConfig, type Pdu, type Settings } from '@mtalab/mta-core';
import type { VirtualStore } from '../../world/store.js';
import type { ScenarioMta } from '../model.js';

/** The PDU as its receiver gets it: with the name of the content in place of its key in the sender's store. */
export function carried(store: VirtualStore, pdu: Pdu): Pdu {
  if (pdu.type !== 'request' || pdu.body.op !== 'MtaSend' || pdu.body.apdu.kind !== 'rttr') return pdu;
  const { apdu } = pdu.body;
  return { ...pdu, body: { ...pdu.body, apdu: { ...apdu, content: store.handleFor(apdu.content) } } };
}

/** The configuration of one MTA: adjacent to all others, mail for their domains goes straight to them. */
export function configOf(
  mta: ScenarioMta,
  all: readonly ScenarioMta[],
  settings: Partial<Settings>,
  legacy: readonly string[],
): MtaConfig {
  const port = (name: string): number => 5001 + all.findIndex((each) => each.name === name);
  const others = all.filter((other) => other.name !== mta.name);
  return {
    name: mta.name,
    version: '5.5',
    build: '2653.23',
    listen: [{ address: '127.0.0.1', port: port(mta.name), label: '' }],
    advertise: [],
    settings: { ...defaultSettings, ...settings },
    peers: others.map(({ name }) => ({ name, endpoints: [`127.0.0.1[${port(name)}]`], password: '' })),
    routes: others.map(({ name, domain }) => ({ domain, mta: name })),
    localDomains: [mta.domain],
    legacy,
  };
}
