import type { Quirk } from '../behaviour.js';

/**
 * Q185934: the window of an X.400 connector is never above 3, the size that X.228 assumes where none is named. The connector asks
 * for no more, and agrees to no more.
 */
export const q185934: Quirk = {
  article: 'Q185934',
  title: 'An X.400 connector never uses a window above 3',
  product: 'mta',
  showsAt: 'an X.400 connector',
  takesEffect: 'at the next dial',
  builds: 'Exchange 5.0; 5.5 RTM and SP1; corrected in 5.5 SP2 (2448.1)',
  override: {
    windowOf: (configured) => Math.min(configured, 3),
  },
};
