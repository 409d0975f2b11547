import type { Quirk } from '../behaviour.js';

/**
 * Q232602: associations are not recovered after network problems. Once the network has failed below an association with mail
 * queued, an X.400 connector goes on addressing the control block of the lost connection. Nothing reaches the network any more,
 * in either direction, until the MTA restarts.
 */
export const q232602: Quirk = {
  article: 'Q232602',
  title: 'Associations are not recovered after network problems',
  product: 'mta',
  showsAt: 'an X.400 connector',
  takesEffect: 'at the next dial',
  builds: 'Exchange 5.5 RTM, SP1 and SP2; corrected in 2614.0, so in SP3 (2650.24)',
  override: {
    afterNetworkFailure: () => 'lost control block',
  },
};
