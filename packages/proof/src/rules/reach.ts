/** Which address reaches which, where there are no real networks; and which MTA another one can reach at all. */
import { isUnspecified, type Mta, type MtaConfig, parseStringBinding } from '@mtalab/mta-core';

/** All of IPv6 is one network here; of IPv4 those addresses are on one that begin with the same two numbers. */
function networkOf(address: string): string {
  return address.includes(':') ? 'IPv6' : address.split('.', 2).join('.');
}

/** Does a dial from this local address get to that remote one? Null: the system chooses the local address, and finds one. */
export function reaches(from: string | null, to: string): boolean {
  return from === null || isUnspecified(from) || networkOf(from) === networkOf(to);
}

/**
 * Does one of the enabled bindings get to one of these string bindings? On a server of a cluster the first of them alone counts.
 * @param listens does anybody listen there?
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
