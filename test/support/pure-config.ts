/** The configuration of MTAs that are all adjacent to each other, each with the default settings except some. */
import { defaultSettings, type MtaConfig, type Settings } from '@mtalab/mta-core';

/** The local address of a dial, and the address dialled, where nothing else is said. */
export const usualAddress = '127.0.0.1';

/** MTA `X` serves the domain `x.example` (lower case) and listens on 127.0.0.1, on a port of its own. */
export function usualConfig(
  name: string,
  names: readonly string[],
  settings: Partial<Settings>,
  legacy: readonly string[],
): MtaConfig {
  const portOf = (mta: string): number => 5001 + names.indexOf(mta);
  const others = names.filter((other) => other !== name);
  return {
    name,
    version: '5.5',
    build: '2653.23',
    bindings: [{ address: usualAddress, port: portOf(name), label: '', enabled: true }],
    cluster: false,
    mapperPort: null,
    advertise: [],
    settings: { ...defaultSettings, ...settings },
    peers: others.map((other) => ({ name: other, endpoints: [`${usualAddress}[${portOf(other)}]`], password: '' })),
    routes: others.map((other) => ({ domain: `${other.toLowerCase()}.example`, mta: other })),
    localDomains: [`${name.toLowerCase()}.example`],
    legacy,
  };
}

/** The same MTA, with this link to all its adjacent MTAs. */
export function withLink(link: NonNullable<MtaConfig['peers'][number]['link']>): (config: MtaConfig) => MtaConfig {
  return (config) => ({ ...config, peers: config.peers.map((peer) => ({ ...peer, link })) });
}
