import type { Quirk } from '../behaviour.js';

/**
 * Q166594: messages are not delivered over the first association. After a recovery the responder keeps its own memory of the
 * Turn, and a side that believes it has no Turn ignores a Turn-Please. If a Turn-Give is lost with its connection, the
 * association stays up but nobody may send on it. Only the responder keeps its memory. Both roles ignore the Please; otherwise
 * the initiator would abort the stuck association and so cure it.
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
