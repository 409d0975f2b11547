/** The worker of `mtalab check`. */
import { parentPort, workerData } from 'node:worker_threads';
import { type CheckOptions, check } from '@mtalab/proof';

/** Between two lines of progress, in ms. */
const tellEveryMs = 500;

let shown = 0;
const result = check(workerData as CheckOptions, (progress) => {
  const now = performance.now();
  if (now - shown < tellEveryMs) return;
  shown = now;
  parentPort?.postMessage({ progress });
});
parentPort?.postMessage({ result });
