/** What every store must do. Run on each of them by `store.test.ts`. */
import { messageCases } from './contract-messages.js';
import { ruleCases } from './contract-rules.js';
import type { Case } from './place.js';

export const cases: Readonly<Record<string, Case>> = { ...messageCases, ...ruleCases };
