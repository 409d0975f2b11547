/** Several runs, a bounded number at a time. */
import PQueue from 'p-queue';

/**
 * Do all of these, at most `jobs` at a time, begun in their order.
 * @param run what is done with one; it must not reject.
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
