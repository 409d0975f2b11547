/** The parts of `npm run bench`, in the order in which they run. */
import { adjacent, backlog, start } from './growth.js';
import { handOver } from './hand-over.js';
import { page } from './page.js';
import type { Part } from './part.js';
import { core, proofs, retry } from './pure.js';
import { sizes } from './sizes.js';

export const parts: readonly Part[] = [core, retry, proofs, handOver, sizes, backlog, adjacent, start, page];
