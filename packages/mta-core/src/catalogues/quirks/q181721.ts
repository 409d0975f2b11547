import type { Quirk } from '../behaviour.js';

/**
 * Q181721: messages are not delivered over an association. The receiving host's RPC runtime files the first association group
 * of a peer in the table of another of its addresses. The next bind arrives at the right address, whose table lacks the group,
 * and the runtime answers bind_nak. The bug needs two listening addresses: with one there is no wrong table.
 */
export const q181721: Quirk = {
  article: 'Q181721',
  title: 'Messages not delivered over an association: the bind of the data connection gets bind_nak',
  product: 'nt-rpc',
  showsAt: 'two listeners',
  takesEffect: 'at once',
  builds: 'Windows NT 4.0 before SP4, Terminal Server Edition likewise, with any Exchange; corrected in SP4',
  override: { filesNewGroupAt: (first) => (first ? 'another address' : 'where it arrived') },
};
