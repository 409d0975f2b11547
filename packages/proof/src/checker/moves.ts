/** Lists the moves out of a state, and computes the state after each. */
import { kindsIn, ltabOf, type Mta } from '@mtalab/mta-core';
import {
  type ConnectionState,
  canConnect,
  type GlobalState,
  isQuiet,
  type Move,
  type Moved,
  type SearchContext,
  type Side,
} from './global-state.js';
import { arrived, committed, fired, type NodeState, type Parcel } from './node-step.js';
import { SuccessorDraft } from './successor-draft.js';
import { timersOf } from './timers.js';

export function isFault(move: Move): boolean {
  return (
    move.kind === 'lose' ||
    move.kind === 'refuse' ||
    move.kind === 'crash' ||
    (move.kind === 'listen' && move.outcome === 'breaks')
  );
}

/** A key that finds the same move in another state: its kind and the MTA or connection concerned. */
export function nameOf(global: GlobalState, move: Move): string {
  const of = (index: number): string => {
    const { client, clientConn, server } = global.connections[index] as ConnectionState;
    return `${client}.${clientConn}-${server}`;
  };
  switch (move.kind) {
    case 'deliver':
    case 'notice':
      return `${move.kind} ${of(move.connection)} ${move.to}`;
    case 'connect':
    case 'in-vain':
    case 'refuse':
      return `${move.kind} ${of(move.connection)}`;
    case 'listen':
      return `listen ${move.at} ${move.binding} ${move.outcome}`;
    case 'lose':
      return `lose ${[...new Set(move.connections.map((index) => global.connections[index]?.association))].join()}${move.connections.length === 1 ? ` ${of(move.connections[0] as number)}` : ''}`;
    case 'timer':
      return `timer ${move.at} ${move.timer.kind} ${move.timer.entry} ${move.timer.id}`;
    default:
      return `${move.kind} ${move.at}`;
  }
}

function replaced<T>(list: readonly T[], at: number, value: T): T[] {
  const copy = list.slice();
  copy[at] = value;
  return copy;
}

/** All moves out of a state, always in the same order. */
export function movesOf(context: SearchContext, global: GlobalState): readonly Move[] {
  const urgent = urgentMove(context, global);
  if (urgent !== null) return urgent;
  const moves: Move[] = [];
  for (const [index, connection] of global.connections.entries()) {
    if (connection.phase === 'dialling') {
      moves.push({ kind: canConnect(global, connection) ? 'connect' : 'in-vain', connection: index });
      continue;
    }
    for (const to of ['client', 'server'] as const) {
      const up = to === 'client' ? connection.clientUp : connection.serverUp;
      const items = to === 'client' ? connection.toClient : connection.toServer;
      if (up && items.length > 0) moves.push({ kind: 'deliver', connection: index, to });
      if (up && connection.phase === 'lost') moves.push({ kind: 'notice', connection: index, to });
    }
  }
  const quiet = isQuiet(global);
  for (const { at, pending, mta } of global.nodes) {
    if (pending.length > 0) moves.push({ kind: 'commit', at });
    if (mta.phase === 'starting') addListens(moves, global, at, mta);
    // Clients cannot submit mail before the MTA runs or after it has ended.
    if (mta.phase !== 'running') continue;
    if (context.cure && mta.legacy.length > 0) moves.push({ kind: 'cure', at });
    if (quiet || context.timersAnyTime)
      for (const timer of timersOf(mta)) if (quiet || timer.kind !== 'answer') moves.push({ kind: 'timer', at, timer });
    if ((global.unsubmitted[at] as number) > 0) moves.push({ kind: 'submit', at });
  }
  if (global.losses > 0) addLosses(moves, global, context.anyCut);
  if (global.crashes > 0) for (const { at, mta } of global.nodes) if (mta.phase !== 'halted') moves.push({ kind: 'crash', at });
  return moves;
}

/** Each listen gets its answer in its own time. At most one adapter can fail. */
function addListens(moves: Move[], { broken }: GlobalState, at: number, mta: Mta): void {
  for (const { id: binding, state } of mta.rpc.addresses) {
    if (state !== 'opening') continue;
    const isBroken = broken?.at === at && broken.binding === binding;
    moves.push({ kind: 'listen', at, binding, outcome: isBroken ? 'broken' : 'up' });
    if (broken === null) moves.push({ kind: 'listen', at, binding, outcome: 'breaks' });
  }
}

/** Moves that change only the internal records of one end may go first (see docs/verification/checker.md). */
function urgentMove(context: SearchContext, global: GlobalState): readonly Move[] | null {
  if (!context.eager) return null;
  for (const [index, connection] of global.connections.entries()) {
    if (
      connection.clientUp &&
      connection.toClient.length > 0 &&
      (isIdle(connection.toClient[0]) || endsClosing(global, connection, 'client'))
    ) {
      return [{ kind: 'deliver', connection: index, to: 'client' }];
    }
    if (connection.serverUp && connection.toServer.length > 0 && endsClosing(global, connection, 'server')) {
      return [{ kind: 'deliver', connection: index, to: 'server' }];
    }
  }
  return null;
}

/** Is there a move that must go first? */
export function isUrgent(context: SearchContext, global: GlobalState): boolean {
  return urgentMove(context, global) !== null;
}

/** Is this an answer whose receiver only removes the call from its list? */
function isIdle(item: Parcel | null | undefined): boolean {
  if (item?.carried.link !== 'rpc' || item.carried.frame.type !== 'response') return false;
  const { body } = item.carried.frame;
  return body.op === 'MtaSend' && body.apdu.kind === 'please-noted';
}

/**
 * Does the next item arrive at a closing association? Sooner or later that association ends, with no other consequence. A
 * transfer is the exception: it may bring a message.
 */
function endsClosing(global: GlobalState, connection: ConnectionState, to: Side): boolean {
  const [at, item] = to === 'server' ? [connection.server, connection.toServer[0]] : [connection.client, connection.toClient[0]];
  if (item !== undefined && item !== null && isTransfer(item)) return false;
  for (const entry of ltabOf((global.nodes[at] as NodeState).mta)) {
    for (const { name, state } of entry.associations) if (name === connection.association) return state === 'closing';
  }
  return false;
}

/** Does this frame belong to a transfer? */
function isTransfer({ carried }: Parcel): boolean {
  const kinds = kindsIn(carried);
  return kinds.includes('rttr') || kinds.includes('activity-start') || kinds.includes('activity-resume');
}

function canBeLost(connection: ConnectionState): boolean {
  if (connection.phase !== 'up') return false;
  // Only the end of the connection is under way, so a loss has the same effect.
  const rest = connection.clientUp ? connection.toClient : connection.toServer;
  return (connection.clientUp && connection.serverUp) || rest.some((item) => item !== null);
}

function addLosses(moves: Move[], global: GlobalState, anyCut: boolean): void {
  const groups = new Map<string, number[]>();
  for (const [index, connection] of global.connections.entries()) {
    if (connection.phase === 'dialling' && canConnect(global, connection)) moves.push({ kind: 'refuse', connection: index });
    if (!canBeLost(connection)) continue;
    if (anyCut) moves.push({ kind: 'lose', connections: [index] });
    const group = groups.get(connection.association);
    if (group === undefined) groups.set(connection.association, [index]);
    else group.push(index);
  }
  for (const connections of groups.values()) if (connections.length > 1 || !anyCut) moves.push({ kind: 'lose', connections });
}

/**
 * The state after a move.
 * @param refused bits of the dials that fail, among those made during the move.
 */
export function moved(context: SearchContext, global: GlobalState, move: Move, refused = 0): Moved {
  const draft = new SuccessorDraft(context, global);
  const connection = 'connection' in move ? (global.connections[move.connection] as ConnectionState) : null;
  switch (move.kind) {
    case 'deliver':
      draft.deliver(connection as ConnectionState, move.to);
      break;
    case 'notice':
      draft.notice(connection as ConnectionState, move.to);
      break;
    case 'connect':
      draft.connect(connection as ConnectionState);
      break;
    case 'refuse':
      draft.refuse(connection as ConnectionState);
      break;
    case 'in-vain':
      draft.fail(connection as ConnectionState);
      break;
    case 'listen':
      draft.listen(move.at, move.binding, move.outcome !== 'up');
      break;
    case 'lose':
      draft.lose(move.connections.map((index) => global.connections[index] as ConnectionState));
      break;
    case 'crash':
      draft.crash(move.at);
      break;
    case 'commit':
      draft.take(committed(context.steps, global.nodes[move.at] as NodeState));
      break;
    case 'cure':
      draft.cure(move.at);
      break;
    case 'timer':
      draft.take(fired(context.steps, global.nodes[move.at] as NodeState, move.timer));
      break;
    case 'submit': {
      const left = global.unsubmitted[move.at] as number;
      draft.unsubmitted = replaced(global.unsubmitted, move.at, left - 1);
      draft.take(arrived(context.steps, global.nodes[move.at] as NodeState, `submit ${left}`, context.submission(move.at, left)));
      break;
    }
  }
  draft.decideDials(refused);
  draft.checkKept();
  return { global: draft.global(), breach: draft.breach, dials: draft.dials };
}

/** Encodes a move and its refused dials as one number. */
export const refusalUnit = 1024;

export function codeOf(index: number, refused: number): number {
  return index + refused * refusalUnit;
}

/** Decodes a number in the state that the move leaves. */
export function moveOf(
  context: SearchContext,
  global: GlobalState,
  code: number,
): { readonly move: Move; readonly refused: number } {
  const move = movesOf(context, global)[code % refusalUnit];
  if (move === undefined) throw new Error(`there is no move ${code} in this state`);
  return { move, refused: Math.floor(code / refusalUnit) };
}

/** The state after a move, by its number. */
export function after(context: SearchContext, global: GlobalState, code: number): Moved {
  const { move, refused } = moveOf(context, global, code);
  return moved(context, global, move, refused);
}

/** The sets of dials that may fail together, as bits: at most `losses` of `dials`. */
export function refusals(dials: number, losses: number): readonly number[] {
  const sets: number[] = [];
  for (let set = 1; set < 1 << dials; set += 1) if (bits(set) <= losses) sets.push(set);
  return sets;
}

function bits(set: number): number {
  return set === 0 ? 0 : (set % 2) + bits(set >> 1);
}
