/** Compares and checks the addresses that MTAs listen on, and finds listeners that share a port. */
import { isIP } from 'node:net';
import { addressesMeet, isUnspecified } from '@mtalab/mta-core';

/** An IP address in its usual spelling: `::1` for `0:0:0:0:0:0:0:1`. Returns any other text unchanged. */
export function plainAddress(address: string): string {
  if (isIP(address) !== 6) return address;
  const [bare = '', ...zone] = address.split('%');
  return [new URL(`http://[${bare}]`).hostname.slice(1, -1), ...zone].join('%');
}

/** The same text for all spellings of an address. Drops the zone unless the address is link-local: `::1%lo` is `::1`. */
export function addressKey(address: string): string {
  const plain = plainAddress(address);
  return isIP(plain) === 6 && !/^fe[89ab]/.test(plain) ? plain.replace(/%.*/, '') : plain;
}

/** The IPv4 address in a mapped IPv6 address: 127.0.0.1 for `::ffff:7f00:1`. */
function mappedIpv4(key: string): string | undefined {
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(key) ?? [];
  if (high === undefined || low === undefined) return undefined;
  const bits = Number.parseInt(high, 16) * 65_536 + Number.parseInt(low, 16);
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.');
}

/** Says why no MTA can listen on an IP address, and what to write. Undefined if an MTA can. */
export function addressProblem(address: string): string | undefined {
  const key = addressKey(address);
  const family = isIP(key);
  if (family === 0) return undefined;
  const ipv4 = mappedIpv4(key);
  if (ipv4 !== undefined) return `${address} is the IPv4 address ${ipv4}; write ${ipv4}`;
  const first = Number.parseInt(key, 10);
  const what = key === '255.255.255.255' ? 'the broadcast address' : 'a multicast address';
  const isGroup = family === 6 ? /^ff[0-9a-f]{2}:/.test(key) : key === '255.255.255.255' || (first >= 224 && first <= 239);
  return isGroup ? `${address} is ${what}, which no MTA can call; name an address of this machine` : undefined;
}

/** An MTA that will listen. The system chooses a port that is 0 or missing, so that port clashes with no other. */
export type ListeningMta = {
  readonly name: string;
  readonly bindings: readonly {
    readonly address?: string | undefined;
    readonly port?: number | undefined;
    readonly enabled?: boolean | undefined;
  }[];
  /** The port of its endpoint mapper, on the address of each enabled binding. */
  readonly mapperPort?: number | undefined;
  /** The port of its SMTP listener, on 127.0.0.1. */
  readonly smtpPort?: number | undefined;
  /** The port of its metrics, on 127.0.0.1. */
  readonly metricsPort?: number | undefined;
};

/** The option that asks for a listener. */
type ListenerOption = 'bindings' | 'mapper' | 'smtp' | 'metrics';
type Listener = { readonly mta: string; readonly option: ListenerOption; readonly address: string; readonly port: number };

const listenerNames: Readonly<Record<ListenerOption, string>> = {
  bindings: '',
  mapper: 'the endpoint mapper of ',
  smtp: 'the SMTP listener of ',
  metrics: 'the metrics of ',
};

function listenersOf({ name, bindings, mapperPort = 0, smtpPort = 0, metricsPort = 0 }: ListeningMta): readonly Listener[] {
  const enabled = bindings.filter((binding) => binding.enabled !== false);
  const listeners = enabled.flatMap(({ address = '127.0.0.1', port = 0 }): Listener[] => {
    const at = { mta: name, address: addressKey(address) };
    return [
      { ...at, option: 'bindings', port },
      { ...at, option: 'mapper', port: mapperPort },
    ];
  });
  const onLoopback = { mta: name, address: '127.0.0.1' } as const;
  const smtp: Listener = { ...onLoopback, option: 'smtp', port: smtpPort };
  const metrics: Listener = { ...onLoopback, option: 'metrics', port: metricsPort };
  return [...listeners, smtp, metrics].filter(({ port }) => port !== 0);
}

/** Finds two listeners that share one port of one address. Returns the option at fault and a message. */
export function listeningClash(
  mtas: readonly ListeningMta[],
): { readonly option: ListenerOption; readonly message: string } | undefined {
  const before: Listener[] = [];
  for (const one of mtas.flatMap(listenersOf)) {
    // An endpoint mapper listens once on an address, even if several bindings have this address.
    const other = before.find(
      (each) =>
        each.port === one.port &&
        addressesMeet(each.address, one.address) &&
        !(each.option === 'mapper' && one.option === 'mapper' && each.mta === one.mta),
    );
    before.push(one);
    if (other === undefined) continue;
    const place = `${isUnspecified(one.address) ? other.address : one.address}[${one.port}]`;
    const [first, second] = [other, one].map(({ mta, option }) => `${listenerNames[option]}${mta}`);
    const words =
      first === second ? `${first} would listen on ${place} twice` : `${first} and ${second} would both listen on ${place}`;
    return {
      option: [one, other].map(({ option }) => option).find((option) => option !== 'bindings') ?? 'bindings',
      message: `${words}; give one of them another port`,
    };
  }
  return undefined;
}
