/** The start configuration of the MTAs of a virtual lab. */
import {
  type BindingConfig,
  defaultRelease,
  defaultSettings,
  type MtaConfig,
  type Recovered,
  type Settings,
} from '@mtalab/mta-core';
import { firstHops, neighboursOf, type ScenarioLab, type ScenarioMta } from '@mtalab/scenario';
import type { VirtualStore } from '../virtual-store.js';

export type VirtualLabOptions = ScenarioLab & {
  readonly settings: Partial<Settings>;
  /** Articles that are on, by name of the MTA. */
  readonly legacy: Readonly<Record<string, readonly string[]>>;
};

/** The ports that an MTA tries if its configuration names none; it gets the first one that is free on its address. */
export function portsFor(place: number): readonly number[] {
  return Array.from({ length: 50 }, (_, at) => 5001 + place + 1000 * at);
}

/** The port of an MTA's X.400 connector: none of those above. */
function x400PortOf(place: number): number {
  return 5101 + place;
}

function bindingsOf({ bindings = [{ address: '127.0.0.1' }] }: ScenarioMta): readonly BindingConfig[] {
  return bindings.map(({ address, port = 0, label = '', enabled = true }) => ({ address, port, label, enabled }));
}

/** The address at which the other MTAs, which are on the same machine, reach this one. */
function reachedAt(address: string): string {
  return address === '0.0.0.0' || address === '::' ? '127.0.0.1' : address;
}

/** The string bindings of an MTA for its neighbours on the LAN. */
function endpointsOf(mta: ScenarioMta, place: number): readonly string[] {
  const enabled = bindingsOf(mta).filter((one) => one.enabled);
  return enabled.map(({ address, port }, at) => {
    const alike = enabled.slice(0, at).filter((other) => other.address === address && other.port === 0).length;
    return `${reachedAt(address)}[${port === 0 ? portsFor(place)[alike] : port}]`;
  });
}

/** The string bindings of its X.400 connector, which listens on one port of each address. */
function x400EndpointsOf(mta: ScenarioMta, place: number): readonly string[] {
  const enabled = bindingsOf(mta).filter((one) => one.enabled);
  return [...new Set(enabled.map(({ address }) => `${reachedAt(address)}[${x400PortOf(place)}]`))];
}

/** The configuration of one MTA. */
export function configOf(mta: ScenarioMta, lab: VirtualLabOptions): MtaConfig {
  const { mtas, settings, legacy } = lab;
  const placed = new Map(mtas.map((each, place) => [each.name, { mta: each, place }] as const));
  const placeOf = (name: string) => placed.get(name) as { readonly mta: ScenarioMta; readonly place: number };
  const neighbours = neighboursOf(lab, mta.name);
  const hasConnector = neighbours.some(({ link }) => link === 'x400');
  return {
    name: mta.name,
    version: defaultRelease.version,
    build: defaultRelease.build,
    bindings: bindingsOf(mta),
    cluster: mta.cluster ?? false,
    mapperPort: null,
    advertise: [],
    settings: { ...defaultSettings, ...settings, ...mta.settings },
    ...(hasConnector ? { x400Port: x400PortOf(placeOf(mta.name).place) } : {}),
    peers: neighbours.map(({ name, link }) => {
      const { mta: peer, place } = placeOf(name);
      if (link === 'x400') return { name, link, endpoints: x400EndpointsOf(peer, place), password: '' };
      return { name, endpoints: endpointsOf(peer, place), password: '' };
    }),
    routes: [...firstHops(lab, mta.name)].map(([name, hop]) => ({ domain: placeOf(name).mta.domain, mta: hop })),
    localDomains: [mta.domain],
    legacy: legacy[mta.name] ?? [],
  };
}

/** What a start finds in the store. After an unclean stop it has checked every queue with copies, as real stores do. */
export function recoveredFrom(store: VirtualStore): Recovered {
  const recovered = store.begin();
  const copies = [...recovered.messages].flatMap((message) => message.copies);
  const names = copies.map(({ destination }) => (destination.to === 'mta' ? destination.mta : 'mailboxes'));
  const queues = [...new Set(['mailboxes', ...names])].map((queue) => ({ queue, file: `store of ${store.uuid}` }));
  return recovered.clean ? recovered : { ...recovered, check: { queues, detailsPath: 'check.txt' } };
}
