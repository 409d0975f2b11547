/** The listeners of a virtual lab. All MTAs are on one machine, which has only the loopback addresses. */
import { familyOf, isUnspecified } from '@mtalab/mta-core';

/** A listener: its MTA, and the binding that it serves. */
export type Listener = { readonly node: string; readonly binding: number; readonly address: string; readonly port: number };

export type DialTarget = { readonly host: string; readonly port: number; readonly localAddress?: string | undefined };

/** Does the machine have this address? */
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

  /** @param ports the ports to try in turn. @returns the port of the new listener, or the error of the operating system. */
  open(listener: Omit<Listener, 'port'>, ports: readonly number[]): number | string {
    const { address } = listener;
    if (!isOwn(address)) return 'EADDRNOTAVAIL';
    const port = ports.find((each) => !this.#open.some((other) => serves(other, { host: address, port: each })));
    if (port === undefined) return 'EADDRINUSE';
    this.#open.push({ ...listener, port });
    return port;
  }

  /** Closes the listeners of an MTA that has ended. */
  close(node: string): void {
    for (const listener of this.#open.filter((each) => each.node === node)) this.#open.splice(this.#open.indexOf(listener), 1);
  }

  /** The listener that accepts the dial, or the error of the operating system. */
  find(target: DialTarget): Listener | string {
    const { host, localAddress } = target;
    if (localAddress !== undefined && !isOwn(localAddress)) return 'EADDRNOTAVAIL';
    if (localAddress !== undefined && familyOf(localAddress) !== familyOf(host)) return 'EINVAL';
    return this.#open.find((each) => serves(each, target)) ?? 'ECONNREFUSED';
  }
}
