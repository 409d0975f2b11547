/** Decides which address reaches which without real networks, and which MTA can reach another one at all. */
import { isUnspecified, type Mta, type MtaConfig, parseStringBinding } from '@mtalab/mta-core';

/** All IPv6 addresses are on one network here; IPv4 addresses are on one network if their first two numbers are equal. */
function networkOf(address: string): string {
  return address.includes(':') ? 'IPv6' : address.split('.', 2).join('.');
}

/** Does a dial from this local address reach that remote one? Null: the system chooses a local address that does. */
export function reaches(from: string | null, to: string): boolean {
  return from === null || isUnspecified(from) || networkOf(from) === networkOf(to);
}

/**
 * Does an enabled binding reach one of these string bindings? On a server of a cluster only the first enabled binding counts.
 * @param listens is there a listener at this string binding?
 */
export function canReach(
  { bindings, cluster }: Pick<Mta | MtaConfig, 'bindings' | 'cluster'>,
  endpoints: readonly string[],
  listens: (host: string, port: number) => boolean,
): boolean {
  const enabled = bindings.filter((binding) => binding.enabled).map(({ address }): string | null => address);
  const from = enabled.length === 0 ? [null] : cluster ? enabled.slice(0, 1) : enabled;
  return endpoints.some((endpoint) => {
    const target = parseStringBinding(endpoint);
    return target !== null && listens(target.host, target.port) && from.some((address) => reaches(address, target.host));
  });
}
