/** The status of every MTA of a lab, for tests that need all of them. */
import type { Lab, MtaStatus } from '@mtalab/harness';

/** Throws if an MTA does not answer. */
export async function statusesOf(lab: Lab): Promise<readonly MtaStatus[]> {
  const answers = await lab.ask((client, limit) => client.command('status', {}, limit));
  return answers.map((answer) => {
    if (answer.ok) return answer.value;
    throw new Error(`${answer.mta} ${answer.error.message}`);
  });
}
