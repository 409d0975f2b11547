/** Contents of the calls that the core keeps for later: those that overtook an RTOAC. */
import { type Mta, rowsIn } from '@mtalab/mta-core';

/** Refs of all contents in calls that wait for an RTOAC. */
export function heldContents(mta: Mta): ReadonlySet<string> {
  const refs = new Set<string>();
  for (const { held } of rowsIn(mta.rpc.carriers)) {
    for (const { argument } of held) {
      if (argument.op !== 'MtaSend' || argument.apdu.kind !== 'rttr') continue;
      const { ref } = argument.apdu.content;
      if (ref !== undefined) refs.add(ref);
    }
  }
  return refs;
}
