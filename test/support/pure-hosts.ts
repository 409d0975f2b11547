/** Where MTAs on virtual time listen: on the loopback addresses of one machine, which has no others. */

/** An address and port that an MTA listens on, and the binding it belongs to. */
type Listener = { readonly node: string; readonly binding: number; readonly address: string; readonly port: number };

/** The local address of a dial, and the address dialled, where nothing else is said. */
export const usualAddress = '127.0.0.1';

type Family = 'IPv4' | 'IPv6';

function familyOf(address: string): Family {
  return address.includes(':') ? 'IPv6' : 'IPv4';
}

/** Has this machine the address? Where it has not, neither listening on it nor dialling from it can work. */
function exists(address: string): boolean {
  return /^127\.\d+\.\d+\.\d+$/.test(address) || ['::1', '0.0.0.0', '::'].includes(address);
}

function takes(listener: string, host: string): boolean {
  return listener === host || listener === '::' || (listener === '0.0.0.0' && familyOf(host) === 'IPv4');
}

export class PureHosts {
  #listeners: Listener[] = [];

  /** @returns null, or the system's error. */
  listen(listener: Listener): string | null {
    const { address, port } = listener;
    if (!exists(address)) return 'EADDRNOTAVAIL';
    if (this.#listeners.some((other) => other.port === port && other.address === address)) return 'EADDRINUSE';
    this.#listeners.push(listener);
    return null;
  }

  /** The process has ended: the system closes its listeners. */
  close(node: string): void {
    this.#listeners = this.#listeners.filter((listener) => listener.node !== node);
  }

  /** Who listens there. Every name stands for the usual address. */
  at(host: string, port: number): Listener | undefined {
    const address = /^\d+\.\d+\.\d+\.\d+$|:/.test(host) ? host : usualAddress;
    return this.#listeners.find((listener) => listener.port === port && takes(listener.address, address));
  }

  /** The system's error for a dial from this address that gets no further than the own machine, or null. */
  refusal(localAddress: string | undefined, host: string): string | null {
    if (localAddress === undefined) return null;
    if (!exists(localAddress)) return 'EADDRNOTAVAIL';
    return familyOf(localAddress) === familyOf(host) ? null : 'EINVAL';
  }
}
