/** The start configuration of the MTAs of a virtual lab. */
import {
  type BindingConfig,
  defaultRelease,
  defaultSettings,
  type MtaConfig,
  type Recovered,
  type Settings,
} from '@mtalab/mta-core';
import type { ScenarioMta } from '@mtalab/scenario';
import type { VirtualStore } from '../virtual-store.js';

/** The ports that an MTA tries if its configuration names none; it gets the first one that is free on its address. */
export function portsFor(place: number): readonly number[] {
  return Array.from({ length: 50 }, (_, at) => 5001 + place + 1000 * at);
}

function bindingsOf({ bindings = [{ address: '127.0.0.1' }] }: ScenarioMta): readonly BindingConfig[] {
  return bindings.map(({ address, port = 0, label = '', enabled = true }) => ({ address, port, label, enabled }));
}

/** The string bindings of an MTA for the other MTAs: all are on one machine. */
function endpointsOf(mta: ScenarioMta, place: number): readonly string[] {
  const loopback: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '127.0.0.1' };
  const enabled = bindingsOf(mta).filter((one) => one.enabled);
  return enabled.map(({ address, port }, at) => {
    const alike = enabled.slice(0, at).filter((other) => other.address === address && other.port === 0).length;
    return `${loopback[address] ?? address}[${port === 0 ? portsFor(place)[alike] : port}]`;
  });
}

/** The configuration of one MTA: it is adjacent to all others and routes mail for their domains directly to them. */
export function configOf(
  mta: ScenarioMta,
  all: readonly ScenarioMta[],
  settings: Partial<Settings>,
  legacy: readonly string[],
): MtaConfig {
  const others = all.filter((other) => other.name !== mta.name);
  return {
    name: mta.name,
    version: defaultRelease.version,
    build: defaultRelease.build,
    bindings: bindingsOf(mta),
    cluster: mta.cluster ?? false,
    mapperPort: null,
    advertise: [],
    settings: { ...defaultSettings, ...settings },
    peers: others.map((other) => ({
      name: other.name,
      endpoints: endpointsOf(other, all.indexOf(other)),
      password: '',
    })),
    routes: others.map(({ name, domain }) => ({ domain, mta: name })),
    localDomains: [mta.domain],
    legacy,
  };
}

/** What a start finds in the store. After an unclean stop it has checked every queue with copies, as real stores do. */
export function recoveredFrom(store: VirtualStore): Recovered {
  const recovered = store.begin();
  const copies = recovered.messages.flatMap((message) => message.copies);
  const names = copies.map(({ destination }) => (destination.to === 'mta' ? destination.mta : 'mailboxes'));
  const queues = [...new Set(['mailboxes', ...names])].map((queue) => ({ queue, file: `store of ${store.uuid}` }));
  return recovered.clean ? recovered : { ...recovered, check: { queues, detailsPath: 'check.txt' } };
}
