/** The addresses that MTAs listen on: when two are the same, which cannot be one, and who would be in whose way. */
import { isIP } from 'node:net';
import { addressesMeet, isUnspecified } from '@mtalab/mta-core';

/** An IP address in its one usual spelling: `0:0:0:0:0:0:0:1` is `::1`. Anything else as it is. */
export function plainAddress(address: string): string {
  if (isIP(address) !== 6) return address;
  const [bare = '', ...zone] = address.split('%');
  return [new URL(`http://[${bare}]`).hostname.slice(1, -1), ...zone].join('%');
}

/** One text for all ways to write an address. Only of a link-local one does the zone say where it is: `::1%lo` is `::1`. */
export function addressKey(address: string): string {
  const plain = plainAddress(address);
  return isIP(plain) === 6 && !/^fe[89ab]/.test(plain) ? plain.replace(/%.*/, '') : plain;
}

/** The IPv4 address that an IPv6 address stands for: `::ffff:7f00:1` is 127.0.0.1. */
function mappedIpv4(key: string): string | undefined {
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(key) ?? [];
  if (high === undefined || low === undefined) return undefined;
  const bits = Number.parseInt(high, 16) * 65_536 + Number.parseInt(low, 16);
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.');
}

/** Why no MTA can listen on an IP address, and what to write; nothing when one can. */
export function addressProblem(address: string): string | undefined {
  const key = addressKey(address);
  const family = isIP(key);
  if (family === 0) return undefined;
  const ipv4 = mappedIpv4(key);
  if (ipv4 !== undefined) return `${address} is the IPv4 address ${ipv4}; write it as that`;
  const first = Number.parseInt(key, 10);
  const what = key === '255.255.255.255' ? 'the broadcast address' : 'a multicast address';
  const isGroup = family === 6 ? /^ff[0-9a-f]{2}:/.test(key) : key === '255.255.255.255' || (first >= 224 && first <= 239);
  return isGroup ? `${address} is ${what}, so nobody can call it; name an address of this machine` : undefined;
}

/** An MTA that is to listen. A port that is 0 or left out is chosen by the system, and in nobody's way. */
export type ListeningMta = {
  readonly name: string;
  readonly bindings: readonly {
    readonly address?: string | undefined;
    readonly port?: number | undefined;
    readonly enabled?: boolean | undefined;
  }[];
  /** The port of its endpoint mapper, on the address of each binding that is enabled. */
  readonly mapperPort?: number | undefined;
};

type Listener = { readonly mta: string; readonly mapper: boolean; readonly address: string; readonly port: number };

function listenersOf({ name, bindings, mapperPort = 0 }: ListeningMta): readonly Listener[] {
  const enabled = bindings.filter((binding) => binding.enabled !== false);
  return enabled
    .flatMap(({ address = '127.0.0.1', port = 0 }) => {
      const at = { mta: name, address: addressKey(address) };
      return [
        { ...at, mapper: false, port },
        { ...at, mapper: true, port: mapperPort },
      ];
    })
    .filter(({ port }) => port !== 0);
}

/** Two of these that would listen on one port of one address: the option that says so, and words for it. */
export function listeningClash(
  mtas: readonly ListeningMta[],
): { readonly option: 'bindings' | 'mapperPorts'; readonly message: string } | undefined {
  const before: Listener[] = [];
  for (const one of mtas.flatMap(listenersOf)) {
    // An endpoint mapper listens but once on an address, whatever bindings have it.
    const other = before.find(
      (each) =>
        each.port === one.port &&
        addressesMeet(each.address, one.address) &&
        !(each.mapper && one.mapper && each.mta === one.mta),
    );
    before.push(one);
    if (other === undefined) continue;
    const place = `${isUnspecified(one.address) ? other.address : one.address}[${one.port}]`;
    const [first, second] = [other, one].map(({ mta, mapper }) => (mapper ? `the endpoint mapper of ${mta}` : mta));
    const words =
      first === second ? `${first} would listen on ${place} twice` : `${first} and ${second} would both listen on ${place}`;
    return {
      option: one.mapper || other.mapper ? 'mapperPorts' : 'bindings',
      message: `${words}; give one of them another port`,
    };
  }
  return undefined;
}
