/** The status of every MTA of a lab, for tests that need all of them. */
import type { Lab, MtaStatus } from '@mtalab/harness';

/** Throws if an MTA does not answer. */
export async function statusesOf(lab: Lab): Promise<readonly MtaStatus[]> {
  return (await lab.status()).map((status) => {
    if (status.error === undefined) return status;
    throw new Error(`${status.mta} ${status.error.message}`);
  });
}
