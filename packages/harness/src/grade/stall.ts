/** Finds the rule that a peer breaks by doing nothing. */
import type { Judge } from './judge.js';
import type { Breach } from './rules.js';
import { gradedName, graderName, type ScheduledMessage } from './schedule.js';

/**
 * Nothing moves any more, and not all is delivered and confirmed: the rule that the peer breaks by doing nothing.
 * @param connected associations that have a connection.
 * @param unsent messages that no side has been given yet, because they wait for deliveries that did not come.
 */
export function stallBreach(judge: Judge, connected: ReadonlySet<string>, unsent: readonly ScheduledMessage[]): Breach {
  const missing = judge.missing.filter((message) => !unsent.includes(message));
  const theirs = missing.filter(({ from }) => from === gradedName);
  const ours = missing.filter(({ from }) => from === graderName);
  const list = missing.map(({ id, from }) => `${id} of ${from}`).join(', ') || 'nothing, but not all is confirmed';
  const still = `nothing moves, and undelivered: ${list}`;
  const watches = [...judge.associations.values()];
  for (const watch of watches) {
    const { name: association, state, byPeer, holds, asked, asking, recovered } = watch;
    if (!connected.has(association)) {
      if (byPeer && state !== 'opening')
        return { rule: 'recovers', detail: `the association is lost, and the peer does not recover it; ${still}`, association };
      continue;
    }
    if (state === 'opening' && !byPeer)
      return { rule: 'accepts', detail: `the peer does not answer the opening; ${still}`, association };
    if (state !== 'open') continue;
    if (holds && asked !== null)
      return {
        rule: 'gives-turn',
        detail: `the peer holds the Turn, and we asked for it (priority ${asked}); ${still}`,
        association,
      };
    if (holds || asking || theirs.length === 0) continue;
    if (theirs.every(({ id }) => judge.hasBegun(id)))
      return {
        rule: 'nothing-lost',
        detail: `the peer does not send again what was in transfer at a loss; ${still}`,
        association,
      };
    return {
      rule: recovered ? 'recovery-turn' : 'asks-turn',
      detail: `the peer has mail and does not ask for the Turn; ${still}`,
      association,
    };
  }
  if (watches.every(({ name }) => !connected.has(name)) && theirs.length > 0 && ours.length === 0)
    return { rule: 'opens', detail: `the peer opens no association; ${still}`, association: null };
  return { rule: 'nothing-lost', detail: still, association: null };
}
