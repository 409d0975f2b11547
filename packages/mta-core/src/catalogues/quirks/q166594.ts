import type { Quirk } from '../behaviour.js';

/**
 * Q166594: messages are not delivered over the first association. After a recovery the responder goes on believing its
 * own memory of the Turn, and a Turn-Please that reaches a side which believes it has no Turn is ignored. A give lost with
 * the connection then leaves an association that is up and on which nobody may send. The memory is the responder's affair
 * alone; the Please is ignored in either role, else the initiator would abort what is stuck and so cure it.
 */
export const q166594: Quirk = {
  article: 'Q166594',
  title: 'Messages not delivered over the first association after the Turn was lost',
  product: 'mta',
  showsAt: 'any host',
  takesEffect: 'at once',
  builds: 'Exchange 4.0 RTM to SP4, 5.0 RTM and SP1; corrected in 4.0 SP5 (996.72) and 5.0 SP2 (1460.13)',
  override: {
    turnAfterRecovery: (_stated, remembered) => remembered,
    pleaseWithoutTurn: () => 'ignore',
  },
};
