/**
 * The Turn of an association as one of its sides sees it, as a table.
 *
 * At most one side may transfer: the holder (`held`; `asked-of` once the other side has sent a Turn-Please). The holder gives
 * only in answer to a Please, and stops holding when it sends the Turn-Give (`given`). The acknowledgement only permits its next
 * Please (`theirs`). `asking` means that a Please of this side is outstanding; there is never a second one. A loss voids every
 * Please. After a recovery the responder adopts what the initiator states.
 *
 * One table serves both roles. A blank cell is a protocol error. There is one exception, in `turn.ts`: a documented bug ignores
 * `please-received` at a side without the Turn (see `Behaviour.pleaseWithoutTurn`). Sources: X.218 clauses 9.4 and 9.5, X.228 clauses 7.4 and 7.5.
 */
import type { TurnSide } from '../../catalogues/behaviour.js';
import type { TurnState } from '../../machine/state.js';

export type TurnEvent =
  | 'please-sent'
  | 'please-received'
  | 'give-sent'
  | 'give-acknowledged'
  | 'give-received'
  | 'transfer-sent'
  | 'transfer-received'
  | 'loss'
  | 'adopt-mine'
  | 'adopt-theirs';

type TurnTable = Readonly<Record<TurnState, Readonly<Partial<Record<TurnEvent, TurnState>>>>>;

export const turnTable: TurnTable = {
  held: { 'please-received': 'asked-of', 'transfer-sent': 'held', loss: 'held', 'adopt-mine': 'held', 'adopt-theirs': 'theirs' },
  'asked-of': { 'give-sent': 'given', 'transfer-sent': 'asked-of', loss: 'held' },
  given: { 'give-acknowledged': 'theirs', 'transfer-received': 'given', loss: 'theirs' },
  theirs: {
    'please-sent': 'asking',
    'transfer-received': 'theirs',
    loss: 'theirs',
    'adopt-mine': 'held',
    'adopt-theirs': 'theirs',
  },
  asking: { 'give-received': 'held', 'transfer-received': 'asking', loss: 'theirs' },
};

/** Whose Turn this side believes it to be. */
export function believes(turn: TurnState): TurnSide {
  return turn === 'held' || turn === 'asked-of' ? 'mine' : 'theirs';
}
