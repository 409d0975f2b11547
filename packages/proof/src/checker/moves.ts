/** The moves that lead out of a state, and where each leads. */
import { ltabOf, type Mta } from '@mtalab/mta-core';
import {
  canConnect,
  isQuiet,
  type Move,
  type Moved,
  type Side,
  type Wire,
  type World,
  type WorldContext,
} from './global-state.js';
import { arrived, committed, fired, type Local, type Parcel } from './node-step.js';
import { Draft } from './successor.js';
import { timersOf } from './timers.js';

export function isFault(move: Move): boolean {
  return (
    move.kind === 'lose' ||
    move.kind === 'refuse' ||
    move.kind === 'crash' ||
    (move.kind === 'listen' && move.outcome === 'breaks')
  );
}

/** The same move in another state, if it is there: by what it does to whom. */
export function nameOf(world: World, move: Move): string {
  const of = (index: number): string => {
    const { client, clientConn, server } = world.wires[index] as Wire;
    return `${client}.${clientConn}-${server}`;
  };
  switch (move.kind) {
    case 'deliver':
    case 'notice':
      return `${move.kind} ${of(move.wire)} ${move.to}`;
    case 'connect':
    case 'in-vain':
    case 'refuse':
      return `${move.kind} ${of(move.wire)}`;
    case 'listen':
      return `listen ${move.at} ${move.binding} ${move.outcome}`;
    case 'lose':
      return `lose ${[...new Set(move.wires.map((index) => world.wires[index]?.association))].join()}${move.wires.length === 1 ? ` ${of(move.wires[0] as number)}` : ''}`;
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
export function movesOf(context: WorldContext, world: World): readonly Move[] {
  const urgent = urgentMove(context, world);
  if (urgent !== null) return urgent;
  const moves: Move[] = [];
  for (const [index, wire] of world.wires.entries()) {
    if (wire.phase === 'dialling') {
      moves.push({ kind: canConnect(world, wire) ? 'connect' : 'in-vain', wire: index });
      continue;
    }
    for (const to of ['client', 'server'] as const) {
      const up = to === 'client' ? wire.clientUp : wire.serverUp;
      const items = to === 'client' ? wire.toClient : wire.toServer;
      if (up && items.length > 0) moves.push({ kind: 'deliver', wire: index, to });
      if (up && wire.phase === 'lost') moves.push({ kind: 'notice', wire: index, to });
    }
  }
  const timers = context.timersAnyTime || isQuiet(world);
  for (const { at, pending, mta } of world.locals) {
    if (pending.length > 0) moves.push({ kind: 'commit', at });
    if (mta.phase === 'starting') addListens(moves, world, at, mta);
    // Clients find nobody to hand their mail to before it runs, nor when it has ended.
    if (mta.phase !== 'running') continue;
    if (context.cure && mta.legacy.length > 0) moves.push({ kind: 'cure', at });
    if (timers) for (const timer of timersOf(mta)) moves.push({ kind: 'timer', at, timer });
    if ((world.unsubmitted[at] as number) > 0) moves.push({ kind: 'submit', at });
  }
  if (world.losses > 0) addLosses(moves, world, context.anyCut);
  if (world.crashes > 0) for (const { at, mta } of world.locals) if (mta.phase !== 'halted') moves.push({ kind: 'crash', at });
  return moves;
}

/** Each listener is up or has failed in its own time. Of all adapters one can be broken. */
function addListens(moves: Move[], { broken }: World, at: number, mta: Mta): void {
  for (const { id: binding, state } of mta.rpc.addresses) {
    if (state !== 'opening') continue;
    const isBroken = broken?.at === at && broken.binding === binding;
    moves.push({ kind: 'listen', at, binding, outcome: isBroken ? 'broken' : 'up' });
    if (broken === null) moves.push({ kind: 'listen', at, binding, outcome: 'breaks' });
  }
}

/** What changes nothing but the books of one end may go first (see docs/verification/checker.md). */
function urgentMove(context: WorldContext, world: World): readonly Move[] | null {
  if (!context.eager) return null;
  for (const [index, wire] of world.wires.entries()) {
    if (wire.clientUp && wire.toClient.length > 0 && (isIdle(wire.toClient[0]) || endsClosing(world, wire, 'client'))) {
      return [{ kind: 'deliver', wire: index, to: 'client' }];
    }
    if (wire.serverUp && wire.toServer.length > 0 && endsClosing(world, wire, 'server')) {
      return [{ kind: 'deliver', wire: index, to: 'server' }];
    }
  }
  return null;
}

/** Is there a move that goes before all others? */
export function isUrgent(context: WorldContext, world: World): boolean {
  return urgentMove(context, world) !== null;
}

/** An answer that its receiver does no more with than strike the call off its list. */
function isIdle(item: Parcel | null | undefined): boolean {
  if (item === undefined || item === null || item.pdu.type !== 'response') return false;
  const { body } = item.pdu;
  return body.op === 'MtaSend' && body.apdu.kind === 'please-noted';
}

/**
 * Does the next thing arrive at an association that is closing? It ends, sooner or later, and nothing else comes of it. A
 * transfer is the exception: it may bring a message.
 */
function endsClosing(world: World, wire: Wire, to: Side): boolean {
  const [at, item] = to === 'server' ? [wire.server, wire.toServer[0]] : [wire.client, wire.toClient[0]];
  const body = item?.pdu.type === 'request' ? item.pdu.body : undefined;
  if (body?.op === 'MtaSend' && body.apdu.kind === 'rttr') return false;
  for (const entry of ltabOf((world.locals[at] as Local).mta)) {
    for (const { name, state } of entry.associations) if (name === wire.association) return state === 'closing';
  }
  return false;
}

function canBeLost(wire: Wire): boolean {
  if (wire.phase !== 'up') return false;
  // Nothing but its end is under way: losing it comes to the same.
  const rest = wire.clientUp ? wire.toClient : wire.toServer;
  return (wire.clientUp && wire.serverUp) || rest.some((item) => item !== null);
}

function addLosses(moves: Move[], world: World, anyCut: boolean): void {
  const groups = new Map<string, number[]>();
  for (const [index, wire] of world.wires.entries()) {
    if (wire.phase === 'dialling' && canConnect(world, wire)) moves.push({ kind: 'refuse', wire: index });
    if (!canBeLost(wire)) continue;
    if (anyCut) moves.push({ kind: 'lose', wires: [index] });
    const group = groups.get(wire.association);
    if (group === undefined) groups.set(wire.association, [index]);
    else group.push(index);
  }
  for (const wires of groups.values()) if (wires.length > 1 || !anyCut) moves.push({ kind: 'lose', wires });
}

/**
 * The state a move leads to.
 * @param refused of the dials made in its course, those that fail, as bits.
 */
export function moved(context: WorldContext, world: World, move: Move, refused = 0): Moved {
  const draft = new Draft(context, world);
  const wire = 'wire' in move ? (world.wires[move.wire] as Wire) : null;
  switch (move.kind) {
    case 'deliver':
      draft.deliver(wire as Wire, move.to);
      break;
    case 'notice':
      draft.notice(wire as Wire, move.to);
      break;
    case 'connect':
      draft.connect(wire as Wire);
      break;
    case 'refuse':
      draft.refuse(wire as Wire);
      break;
    case 'in-vain':
      draft.fail(wire as Wire);
      break;
    case 'listen':
      draft.listen(move.at, move.binding, move.outcome !== 'up');
      break;
    case 'lose':
      draft.lose(move.wires.map((index) => world.wires[index] as Wire));
      break;
    case 'crash':
      draft.crash(move.at);
      break;
    case 'commit':
      draft.take(committed(context.local, world.locals[move.at] as Local));
      break;
    case 'cure':
      draft.cure(move.at);
      break;
    case 'timer':
      draft.take(fired(context.local, world.locals[move.at] as Local, move.timer));
      break;
    case 'submit': {
      const left = world.unsubmitted[move.at] as number;
      draft.unsubmitted = replaced(world.unsubmitted, move.at, left - 1);
      draft.take(arrived(context.local, world.locals[move.at] as Local, `submit ${left}`, context.submission(move.at, left)));
      break;
    }
  }
  draft.decideDials(refused);
  draft.checkKept();
  return { world: draft.world(), finding: draft.finding, dials: draft.dials };
}

/** A move and its refusals as one number. */
export const refusalUnit = 1024;

export function codeOf(index: number, refused: number): number {
  return index + refused * refusalUnit;
}

/** What is under a number, in the state it is a move of. */
export function moveOf(context: WorldContext, world: World, code: number): { readonly move: Move; readonly refused: number } {
  const move = movesOf(context, world)[code % refusalUnit];
  if (move === undefined) throw new Error(`there is no move ${code} in this state`);
  return { move, refused: Math.floor(code / refusalUnit) };
}

/** The state after a move, by its number. */
export function after(context: WorldContext, world: World, code: number): Moved {
  const { move, refused } = moveOf(context, world, code);
  return moved(context, world, move, refused);
}

/** Which dials may fail together: of so many dials at most so many. */
export function refusals(dials: number, losses: number): readonly number[] {
  const sets: number[] = [];
  for (let set = 1; set < 1 << dials; set += 1) if (bits(set) <= losses) sets.push(set);
  return sets;
}

function bits(set: number): number {
  return set === 0 ? 0 : (set % 2) + bits(set >> 1);
}
