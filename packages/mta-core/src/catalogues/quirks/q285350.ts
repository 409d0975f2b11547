import type { Quirk } from '../behaviour.js';

/**
 * Q285350: the MTA does not start, Windows NT error 11004. The MTA listens on all active adapters. If one of them cannot serve
 * RPC, the start fails on every server, not only on clusters. Disabling that adapter is the workaround.
 */
export const q285350: Quirk = {
  article: 'Q285350',
  title: 'The MTA does not start when one adapter cannot serve RPC (error 11004)',
  product: 'mta',
  showsAt: 'an adapter that fails',
  takesEffect: 'at the next start',
  builds: 'Exchange 5.5 SP4 (2653.23) to before 2654.54, 2654.39 among them; corrected in 2654.54',
  override: { afterFailedListen: () => 'fatal' },
};
