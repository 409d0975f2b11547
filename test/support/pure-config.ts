/** Configures MTAs that are all adjacent to each other, with default settings and chosen exceptions. */
import { defaultSettings, type MtaConfig, type Settings } from '@mtalab/mta-core';

/** The default local address of a dial, and the default address to dial. */
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

const x400Offset = 1000;

function x400Endpoint(endpoint: string): string {
  return endpoint.replace(/\[(\d+)\]$/, (_, port: string) => `[${Number(port) + x400Offset}]`);
}

/** Returns the configuration with this link to all adjacent MTAs. */
export function withLink(link: NonNullable<MtaConfig['peers'][number]['link']>): (config: MtaConfig) => MtaConfig {
  // The transport stack of the connector listens above the ports of the LAN.
  return (config) => ({
    ...config,
    ...(link === 'x400' ? { x400Port: (config.bindings[0]?.port ?? 0) + x400Offset } : {}),
    peers: config.peers.map((peer) => ({
      ...peer,
      link,
      endpoints: link === 'x400' ? peer.endpoints.map(x400Endpoint) : peer.endpoints,
    })),
  });
}
