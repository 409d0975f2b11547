/**
 * What is under way at an instant of a lab: the connections, the PDUs on them, dials and writes without an answer. With the
 * states of the MTAs that is everything from which a run can go on.
 */
import { type Effect, type LinkFrame, type Mta, rowsIn, type StoreEffect } from '@mtalab/mta-core';
import { type Matching, matchConnections } from '../ladder/match-ends.js';
import { locate, type PduMoment, Trail } from '../ladder/trail.js';
import type { KeptStep, LiveTrace } from './live-trace.js';

export type DialEffect = Extract<Effect, { type: 'dial' }>;
export type WriteEffect = StoreEffect | Extract<Effect, { type: 'forget' }>;

/** One end of a connection: the MTA, and its number of the connection. */
export type InstantEnd = { readonly node: string; readonly conn: number };

export type InstantConnection = {
  readonly client: InstantEnd;
  /** Null: the peer has not accepted it yet. */
  readonly server: InstantEnd | null;
  /** The dial that made it; null if it is older than the steps that are kept. */
  readonly dial: DialEffect | null;
  /** The client knows that it is up. */
  readonly isUp: boolean;
  /** The end that has closed the connection; the other one does not know it yet. */
  readonly closedBy: 'client' | 'server' | null;
};

/** A PDU that has been sent and has not arrived, as its sender gave it. */
export type InstantPdu = { readonly from: InstantEnd; readonly frame: LinkFrame };

export type InstantMta = {
  readonly node: string;
  readonly mta: Mta;
  /** Number of its last step. */
  readonly n: number;
  /** A number for the next connection that it accepts: it has had none so high. */
  readonly nextAccepted: number;
  /** Writes that the store has not answered, oldest first. */
  readonly writes: readonly WriteEffect[];
};

export type Instant = {
  /** Lab time, ms. */
  readonly nowMs: number;
  /** The MTAs that run. */
  readonly mtas: readonly InstantMta[];
  readonly connections: readonly InstantConnection[];
  /** PDUs on their way, oldest first. */
  readonly pdus: readonly InstantPdu[];
  /** Ends whose connection is lost, and that have not noticed it. */
  readonly lost: readonly InstantEnd[];
};

/** A run cannot go on from this instant. */
export class InstantError extends Error {
  override readonly name = 'InstantError';
}

/** What the journal says of one end. */
type End = InstantEnd & {
  /** Null for an accepted connection. */
  dial: DialEffect | null;
  /** An accepted connection is up from the beginning. */
  isUp: boolean;
  isClosed: boolean;
  /** Its opening is older than the steps that are kept. */
  isOld: boolean;
  readonly sent: { readonly at: number; readonly frame: LinkFrame; readonly moment: PduMoment }[];
  received: number;
};

/** The present life of one MTA: its ends by number of the connection, in the order of their opening. */
type Life = { incarnation: number; ends: Map<number, End> };

const isClient = ({ conn }: InstantEnd): boolean => conn % 2 === 0;

function endIn(life: Life, node: string, conn: number): End {
  const end = life.ends.get(conn) ?? { node, conn, dial: null, isUp: true, isClosed: false, isOld: true, sent: [], received: 0 };
  life.ends.set(conn, end);
  return end;
}

/** What both ends of a connection call it, if it carries an association: the association, who dialled, and what for. */
function roleOf(mta: Mta, { node, conn }: InstantEnd): string | null {
  const place = locate(mta, conn);
  if (place === null) return null;
  const first = rowsIn(mta.rpc.carriers).some(({ ownFirst, peerFirst }) => ownFirst === conn || peerFirst === conn);
  return `${place.name} ${isClient({ node, conn }) ? node : place.peer} ${first ? 'first' : 'data'}`;
}

class Reader {
  readonly trails = new Map<string, Trail>();
  readonly lives = new Map<string, Life>();

  take({ at, entry, before, mta }: KeptStep): void {
    const { node, input, effects } = entry;
    const trail = this.trails.get(node) ?? new Trail(node);
    this.trails.set(node, trail);
    const known = trail.moments.length;
    trail.take({ line: 0, entry }, { before, mta, effects });
    const moments = trail.moments.slice(known).filter((moment): moment is PduMoment => moment.kind === 'sent');
    let life = this.lives.get(node);
    if (life === undefined || life.incarnation !== mta.incarnation) {
      life = { incarnation: mta.incarnation, ends: new Map() };
      this.lives.set(node, life);
    }
    const endOf = (conn: number): End => endIn(life, node, conn);
    if (input.type === 'accepted') endOf(input.conn).isOld = false;
    else if (input.type === 'connected') endOf(input.conn).isUp = true;
    else if (input.type === 'frame') endOf(input.conn).received += 1;
    for (const effect of effects) {
      if (effect.type === 'dial') Object.assign(endOf(effect.conn), { dial: effect, isUp: false, isOld: false });
      else if (effect.type === 'close') endOf(effect.conn).isClosed = true;
      else if (effect.type === 'frame') endOf(effect.conn).sent.push({ at, frame: effect, moment: moments.shift() as PduMoment });
    }
  }

  nextAccepted(node: string): number {
    const accepted = [...(this.lives.get(node)?.ends.keys() ?? [])].filter((conn) => conn % 2 === 1);
    return Math.max(-1, ...accepted) + 2;
  }

  /** Adds the ends that only the state knows. */
  complete({ node, mta }: InstantMta): void {
    const known = this.lives.get(node);
    const life = known?.incarnation === mta.incarnation ? known : { incarnation: mta.incarnation, ends: new Map() };
    this.lives.set(node, life);
    for (const conn of connectionsOf(mta)) endIn(life, node, conn);
  }
}

/** All connections of an MTA that have a socket. */
function connectionsOf({ rpc, x400, memory }: Mta): readonly number[] {
  const withSocket = rowsIn(rpc.connections).filter(({ phase }) => phase !== 'resolving');
  return [...withSocket, ...rowsIn(x400.connections), ...rowsIn(memory.connections)].map(({ id }) => id);
}

function writesOf(steps: readonly KeptStep[], node: string, mta: Mta): readonly WriteEffect[] {
  const tokens = new Set([...rowsIn(mta.stores), ...rowsIn(mta.forgets)].map(({ id }) => id));
  const found: WriteEffect[] = [];
  for (let at = steps.length - 1; at >= 0 && tokens.size > 0; at -= 1) {
    const { entry, mta: after } = steps[at] as KeptStep;
    if (entry.node !== node) continue;
    if (after.incarnation !== mta.incarnation) break;
    for (const effect of entry.effects)
      if ((effect.type === 'store' || effect.type === 'forget') && tokens.delete(effect.token)) found.unshift(effect);
  }
  if (tokens.size > 0) throw new InstantError(`${node} waits for a write that began before the steps that are kept`);
  return found;
}

/**
 * Finds what is under way after an item.
 * @throws InstantError if that is not known: an MTA is starting or stopping, or its steps are not followed.
 */
export function instantAt(trace: LiveTrace, at: number = trace.latest): Instant {
  const steps = trace.steps.filter((step) => step.at <= at);
  const nowMs = steps.reduce((latest, { entry }) => Math.max(latest, entry.t), 0);
  const mtas = trace.nodesAt(at).flatMap(({ node, mta, process }): readonly InstantMta[] => {
    if (mta === null) {
      if (process?.state === 'down') return [];
      throw new InstantError(`the state of ${node} is not known at this instant`);
    }
    if (mta.phase === 'halted') return [];
    if (mta.phase !== 'running') throw new InstantError(`${node} is ${mta.phase} at this instant; go to one at which it runs`);
    return [{ node, mta, n: trace.countAt(node, at), nextAccepted: 1, writes: writesOf(steps, node, mta) }];
  });
  if (mtas.length === 0) throw new InstantError('no MTA runs at this instant');
  const reader = new Reader();
  for (const step of steps) reader.take(step);
  for (const known of mtas) reader.complete(known);
  const counted = mtas.map((known) => ({ ...known, nextAccepted: reader.nextAccepted(known.node) }));
  return { nowMs, mtas: counted, ...new Joiner(reader, mtas, swallowed(trace, at, steps.length)).join() };
}

/**
 * The PDUs that a fault has swallowed, as `sender number`. What a fault cuts is still on its way until an end has noticed the loss:
 * what goes on from here has no faults.
 */
function swallowed(trace: LiveTrace, at: number, most: number): ReadonlySet<string> {
  const gone = trace.ladder(at, most, true).filter(({ fate }) => fate === 'swallowed');
  return new Set(gone.map(({ from, steps }) => `${from} ${steps?.sent ?? ''}`));
}

/** Joins the ends of connections. */
class Joiner {
  readonly #mtas: ReadonlyMap<string, Mta>;
  readonly #matching: Matching;
  readonly #gone: ReadonlySet<string>;
  readonly #connected: ReadonlySet<string>;
  readonly #servers: End[];
  readonly #clients: End[];
  readonly #connections: InstantConnection[] = [];
  readonly #pdus: (InstantPdu & { readonly at: number })[] = [];
  readonly #lost: InstantEnd[] = [];

  constructor(reader: Reader, mtas: readonly InstantMta[], gone: ReadonlySet<string>) {
    this.#mtas = new Map(mtas.map(({ node, mta }) => [node, mta]));
    this.#matching = matchConnections(reader.trails.values());
    this.#gone = gone;
    this.#connected = new Set(mtas.flatMap(({ node, mta }) => connectionsOf(mta).map((conn) => `${node} ${conn}`)));
    const ends = mtas.flatMap(({ node }) => [...(reader.lives.get(node)?.ends.values() ?? [])]);
    this.#clients = ends.filter((end) => isClient(end));
    this.#servers = ends.filter((end) => !isClient(end));
  }

  join(): Pick<Instant, 'connections' | 'pdus' | 'lost'> {
    const taken = new Set<End>();
    const rest: End[] = [];
    for (const client of this.#clients) {
      const server = this.#partnerOf(client);
      if (server === undefined) rest.push(client);
      else {
        taken.add(server);
        this.#pair(client, server);
      }
    }
    for (const client of rest) this.#alone(client, taken);
    for (const server of this.#servers) if (!taken.has(server) && this.#lives(server)) this.#lost.push(server);
    const pdus = this.#pdus.sort((one, other) => one.at - other.at);
    return { connections: this.#connections, pdus, lost: this.#lost };
  }

  #lives({ node, conn }: End): boolean {
    return this.#connected.has(`${node} ${conn}`);
  }

  #partnerOf(client: End): End | undefined {
    const trailEnd = client.sent[0]?.moment.end;
    const partner = trailEnd === undefined ? undefined : this.#matching.partnerOf(trailEnd);
    if (partner !== undefined) return this.#servers.find(({ node, conn }) => node === partner.node && conn === partner.conn);
    const role = client.isOld ? this.#roleOf(client) : null;
    return role === null ? undefined : this.#servers.find((server) => server.isOld && this.#roleOf(server) === role);
  }

  #roleOf(end: End): string | null {
    return roleOf(this.#mtas.get(end.node) as Mta, end);
  }

  #pair(client: End, server: End): void {
    const [clientLives, serverLives] = [this.#lives(client), this.#lives(server)];
    if (!clientLives && !serverLives) return;
    const isHalf = (clientLives || client.isClosed) && (serverLives || server.isClosed);
    if (!isHalf) {
      for (const [end, alive] of [
        [client, clientLives],
        [server, serverLives],
      ] as const)
        if (alive) this.#lost.push(end);
      return;
    }
    this.#connections.push({
      client,
      server,
      dial: client.dial,
      isUp: client.isUp,
      closedBy: clientLives ? (serverLives ? null : 'server') : 'client',
    });
    for (const end of [client, server]) this.#onTheWay(end);
  }

  /** The PDUs of this end that come after the last one that arrived. */
  #onTheWay({ node, conn, sent }: End): void {
    const arrived = sent.findLastIndex(({ moment }) => this.#matching.partners.has(moment));
    for (const { at, frame, moment } of sent.slice(arrived + 1))
      if (!this.#gone.has(`${node} ${moment.index}`)) this.#pdus.push({ at, from: { node, conn }, frame });
  }

  /** A client end whose PDUs have not arrived anywhere: its peer has accepted it and seen nothing, or has not accepted it. */
  #alone(client: End, taken: Set<End>): void {
    if (!this.#lives(client)) return;
    const to = locate(this.#mtas.get(client.node) as Mta, client.conn)?.peer ?? null;
    if (client.received > 0 || to === null) {
      this.#lost.push(client);
      return;
    }
    const server = this.#servers.find(
      (end) => end.node === to && !taken.has(end) && end.received === 0 && end.sent.length === 0 && this.#lives(end),
    );
    if (server !== undefined) {
      taken.add(server);
      this.#pair(client, server);
      return;
    }
    const { dial, isUp } = client;
    if (!this.#mtas.has(to) || dial === null) {
      this.#lost.push(client);
      return;
    }
    this.#connections.push({ client, server: null, dial, isUp, closedBy: null });
    this.#onTheWay(client);
  }
}
