/** Runs several jobs, a limited number at a time. */
import PQueue from 'p-queue';

/**
 * Runs a function for each item, at most `jobs` at a time. Starts them in order.
 * @param run must not reject.
 * @returns the results in the order of the items.
 */
export async function runConcurrently<Item, Result>(
  items: readonly Item[],
  jobs: number,
  run: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const queue = new PQueue({ concurrency: jobs });
  return queue.addAll(items.map((item) => () => run(item)));
}
