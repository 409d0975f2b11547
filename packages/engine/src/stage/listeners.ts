/** Who listens where in a virtual lab. All its MTAs are on one machine, which has the loopback addresses and no other. */
import { familyOf, isUnspecified } from '@mtalab/mta-core';

/** A listener: of which MTA, and for which of its bindings. */
export type Listener = { readonly node: string; readonly binding: number; readonly address: string; readonly port: number };

export type DialTarget = { readonly host: string; readonly port: number; readonly localAddress?: string | undefined };

/** Has the machine this address? */
function isOwn(address: string): boolean {
  return address === '::1' || address.startsWith('127.') || isUnspecified(address);
}

function serves(listener: Listener, { host, port }: DialTarget): boolean {
  if (listener.port !== port) return false;
  const wild = listener.address === '::' || (listener.address === '0.0.0.0' && familyOf(host) === 'IPv4');
  return listener.address === host || (wild && isOwn(host));
}

export class Listeners {
  readonly #open: Listener[] = [];

  /** @param ports those to be tried in turn. @returns the port it listens on, or what the operating system has against it. */
  open(listener: Omit<Listener, 'port'>, ports: readonly number[]): number | string {
    const { address } = listener;
    if (!isOwn(address)) return 'EADDRNOTAVAIL';
    const port = ports.find((each) => !this.#open.some((other) => serves(other, { host: address, port: each })));
    if (port === undefined) return 'EADDRINUSE';
    this.#open.push({ ...listener, port });
    return port;
  }

  /** The MTA has ended. */
  close(node: string): void {
    for (const listener of this.#open.filter((each) => each.node === node)) this.#open.splice(this.#open.indexOf(listener), 1);
  }

  /** Who takes the call; or what the operating system says instead. */
  find(target: DialTarget): Listener | string {
    const { host, localAddress } = target;
    if (localAddress !== undefined && !isOwn(localAddress)) return 'EADDRNOTAVAIL';
    if (localAddress !== undefined && familyOf(localAddress) !== familyOf(host)) return 'EINVAL';
    return this.#open.find((each) => serves(each, target)) ?? 'ECONNREFUSED';
  }
}
