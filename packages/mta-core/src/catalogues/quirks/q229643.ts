import type { Quirk } from '../behaviour.js';

/**
 * Q229643: when the peer recovers an association while a Turn-Please of this side is outstanding, this side frees the control
 * blocks of the upper layers and does not tell the lower one. Its control block leaks. In the end none is free (event 9156), and
 * no association opens before a restart.
 */
export const q229643: Quirk = {
  article: 'Q229643',
  title: 'Control blocks leak when an association is recovered during a Turn-Please',
  product: 'mta',
  showsAt: 'an X.400 connector',
  takesEffect: 'at the next dial',
  builds: 'Exchange 5.5 SP2; corrected in 2590.0, and again in 2651.71, because SP3 has it too',
  override: {
    freedByRecovery: () => 'upper layer',
  },
};
