/** The contract of every store. `store.test.ts` runs it on each store. */
import { messageCases } from './contract-messages.js';
import { ruleCases } from './contract-rules.js';
import type { Case } from './place.js';

export const cases: Readonly<Record<string, Case>> = { ...messageCases, ...ruleCases };
