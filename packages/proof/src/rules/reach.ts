/** Decides which address reaches which without real networks, and which MTA can reach another one at all. */
import { findRow, isUnspecified, type LtabEntry, type Mta, type MtaConfig, parseStringBinding, rowsIn } from '@mtalab/mta-core';

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

/** Number of attempts in a row that their time limit may end before one reaches the MTA: then all paths have been tried. */
export function mostEndedEarly({ bindings }: Pick<Mta, 'bindings'>, endpoints: readonly string[]): number {
  // An attempt that its first path takes up altogether moves on only with the next one.
  return 1 + endpoints.length * Math.max(1, bindings.filter(({ enabled }) => enabled).length);
}

/**
 * Does the time limit end an attempt here, while paths are left or one is under way?
 * @param before the state before the step.
 * @param back the attempt is a call back.
 */
export function endsEarly(before: Mta, { id, associations }: LtabEntry, back: boolean, nowMs: number): boolean {
  const phase = back ? 'dialling-back' : 'dialling';
  const dials = rowsIn(before.rpc.carriers).some(
    (carrier) => carrier.entry === id && carrier.phase === phase && carrier.openByMs !== null && carrier.openByMs <= nowMs,
  );
  return (
    dials ||
    associations.some((association) => {
      const row = association.state === 'opening' ? findRow(before.x400.associations, association.id) : undefined;
      return row !== undefined && row.pathsLeft.length > 0 && row.openByMs <= nowMs;
    })
  );
}
