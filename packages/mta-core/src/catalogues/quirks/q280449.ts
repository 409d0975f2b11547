import type { Quirk } from '../behaviour.js';

/**
 * Q280449: event 9318 on multihomed servers. Code meant for clusters makes every server dial from its first binding alone. If
 * only another binding reaches the peer, no bind succeeds until that binding is put first.
 */
export const q280449: Quirk = {
  article: 'Q280449',
  title: 'Event 9318 on multihomed servers: only the first binding is used to dial',
  product: 'mta',
  showsAt: 'a first binding that gets nowhere',
  takesEffect: 'at the next dial',
  builds: 'Exchange 5.5 from 2651.75 to before 2654.39, SP4 (2653.23) among them; corrected in 2654.39',
  override: { bindingsToTry: () => 'first' },
};
