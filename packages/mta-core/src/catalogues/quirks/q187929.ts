import type { Quirk } from '../behaviour.js';

/**
 * Q187929: the responder of a recovery answers with its own checkpoint size instead of the one agreed at the opening. If its own
 * is larger, the initiator cannot accept the answer, and each recovery fails.
 */
export const q187929: Quirk = {
  article: 'Q187929',
  title: 'Recovery fails over a changed checkpoint size',
  product: 'mta',
  showsAt: 'an X.400 connector',
  takesEffect: 'at the next dial',
  builds: 'Exchange 5.0; 5.5 RTM; corrected in 5.5 SP1 (2232.18)',
  override: {
    checkpointSizeAtRecovery: (_agreed, configured) => configured,
  },
};
