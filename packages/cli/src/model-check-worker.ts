/** Runs the model checker of `mtalab check` in a worker thread, which can have a heap of its own size. */
import { parentPort, workerData } from 'node:worker_threads';
import { type CheckOptions, check } from '@mtalab/proof';

/** Real time between two progress messages, ms. */
const progressIntervalMs = 500;

let lastProgressMs = 0;
const result = check(workerData as CheckOptions, (progress) => {
  const now = performance.now();
  if (now - lastProgressMs < progressIntervalMs) return;
  lastProgressMs = now;
  parentPort?.postMessage({ progress });
});
parentPort?.postMessage({ result });
