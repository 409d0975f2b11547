/** One move in the making: what it does to the MTAs and to the network. */
import { type MtaConfig, rowOf } from '@mtalab/mta-core';
import type { Finding } from '../rules/catalogue.js';
import { reaches } from '../rules/reach.js';
import { canConnect, type Side, type Wire, type World, type WorldContext } from './global-state.js';
import { arrived, crashed, type Local, type LocalResult, type Out, type Parcel } from './node-step.js';

/** Connections at one time, over all MTAs. */
const mostWires = 40;

/** A state in the making: one move's consequences. */
export class Draft {
  readonly #context: WorldContext;
  locals: Local[];
  wires: Wire[];
  unsubmitted: readonly number[];
  losses: number;
  crashes: number;
  broken: World['broken'];
  undelivered: readonly number[];
  reported: readonly number[];
  finding: Finding | null = null;
  /** Dials decided so far. */
  dials = 0;
  /** Dials that have not been decided. */
  readonly #dials: Wire[] = [];

  constructor(context: WorldContext, world: World) {
    this.#context = context;
    this.locals = world.locals.slice();
    this.wires = world.wires.slice();
    this.unsubmitted = world.unsubmitted;
    this.losses = world.losses;
    this.crashes = world.crashes;
    this.broken = world.broken;
    this.undelivered = world.undelivered;
    this.reported = world.reported;
  }

  world(): World {
    const { locals, wires, unsubmitted, losses, crashes, broken, undelivered, reported } = this;
    return { locals, wires, unsubmitted, losses, crashes, broken, undelivered, reported };
  }

  put(wire: Wire, next: Wire | null): void {
    const at = this.wires.indexOf(wire);
    if (next === null) this.wires.splice(at, 1);
    else this.wires[at] = next;
  }

  find(at: number, conn: number): Wire | undefined {
    return this.wires.find(
      (wire) =>
        (wire.client === at && wire.clientUp && wire.clientConn === conn) ||
        (wire.server === at && wire.serverUp && wire.serverConn === conn),
    );
  }

  /** What a local step has done goes out into the world. */
  take(result: LocalResult): void {
    const { at } = result.local;
    this.locals[at] = result.local;
    this.finding ??= result.finding;
    if (result.accepted.length > 0) this.undelivered = [...this.undelivered, ...result.accepted];
    for (const message of result.delivered) this.#delivered(message);
    for (const message of result.reported) {
      this.undelivered = this.undelivered.filter((each) => each !== message);
      this.reported = [...this.reported, message];
    }
    for (const out of result.out) this.#send(at, out);
    if (result.local.mta.phase === 'halted') this.#processEnds(at);
  }

  #delivered(message: number): void {
    if (this.undelivered.includes(message)) this.undelivered = this.undelivered.filter((each) => each !== message);
    else if (!this.reported.includes(message)) {
      this.finding ??= { rule: 'once', message: String(message), detail: 'A message is delivered a second time.' };
    }
  }

  #send(at: number, out: Out): void {
    if (out.kind === 'dial') return this.#dial(at, out);
    const wire = this.find(at, out.conn);
    if (wire === undefined) return;
    const byClient = wire.client === at;
    const otherUp = byClient ? wire.serverUp : wire.clientUp;
    if (out.kind === 'send') {
      if (wire.phase !== 'up' || !otherUp) {
        this.#context.dropped?.(at, byClient ? wire.server : wire.client, out.parcel);
        return;
      }
      this.put(
        wire,
        byClient ? { ...wire, toServer: [...wire.toServer, out.parcel] } : { ...wire, toClient: [...wire.toClient, out.parcel] },
      );
      return;
    }
    this.#drop(wire, byClient ? 'client' : 'server');
    if (!otherUp || wire.phase === 'dialling') return this.put(wire, null);
    const end = wire.phase === 'up' ? [null] : [];
    this.put(
      wire,
      byClient
        ? { ...wire, clientUp: false, toClient: [], toServer: [...wire.toServer, ...end] }
        : { ...wire, serverUp: false, toServer: [], toClient: [...wire.toClient, ...end] },
    );
  }

  /** What is under way to this end will not be read any more. */
  #drop(wire: Wire, to: Side): void {
    if (this.#context.dropped === null) return;
    const [items, at, from] =
      to === 'server' ? [wire.toServer, wire.server, wire.client] : [wire.toClient, wire.client, wire.server];
    for (const item of items) if (item !== null) this.#context.dropped(from, at, item);
  }

  #dial(at: number, out: Extract<Out, { kind: 'dial' }>): void {
    if (this.wires.length >= mostWires) throw new Error(`more than ${mostWires} connections`);
    const target = this.#context.listeners.get(out.port);
    if (target === undefined) throw new Error(`nobody listens on port ${out.port}`);
    const { mta: server, binding, address } = target;
    const wire: Wire = {
      client: at,
      clientConn: out.conn,
      server,
      binding,
      routed: address === out.host && reaches(out.from, address),
      serverConn: 0,
      association: out.association,
      phase: 'dialling',
      clientUp: true,
      serverUp: false,
      toServer: [],
      toClient: [],
    };
    this.wires.push(wire);
    this.#dials.push(wire);
  }

  /**
   * Where binds are at once, each dial is decided as soon as it is made.
   * @param refused the dials that fail, as bits: each is a loss.
   */
  decideDials(refused: number): void {
    if (!this.#context.bindsAtOnce) return;
    for (let wire = this.#dials.shift(); wire !== undefined; wire = this.#dials.shift()) {
      if (!this.wires.includes(wire)) continue;
      if (!canConnect(this.world(), wire)) {
        this.fail(wire);
        continue;
      }
      const fails = (refused >> this.dials) % 2 === 1 && this.losses > 0;
      this.dials += 1;
      if (fails) this.refuse(wire);
      else this.connect(wire);
    }
  }

  connect(wire: Wire): void {
    const server = this.locals[wire.server] as Local;
    const serverConn = server.nextAccepted;
    const up: Wire = { ...wire, phase: 'up', serverConn, serverUp: true };
    this.put(wire, up);
    const { local } = this.#context;
    const remote = `${(this.#context.local.configs[wire.client] as MtaConfig).name}`;
    const { binding } = wire;
    this.take(
      arrived(local, server, `accepted ${binding}`, () => ({ type: 'accepted', link: 'rpc', conn: serverConn, binding, remote })),
    );
    const client = this.locals[wire.client] as Local;
    this.take(arrived(local, client, `connected ${wire.clientConn}`, () => ({ type: 'connected', conn: wire.clientConn })));
    if (!this.#context.bindsAtOnce) return;
    for (const to of ['server', 'client'] as const) {
      const now = this.wires.find(
        (each) => each.client === wire.client && each.clientConn === wire.clientConn && each.serverConn === serverConn,
      );
      if (now !== undefined && (to === 'server' ? now.toServer : now.toClient).length > 0) this.deliver(now, to);
    }
  }

  deliver(wire: Wire, to: Side): void {
    const { local } = this.#context;
    const [items, at, conn] =
      to === 'server'
        ? ([wire.toServer, wire.server, wire.serverConn] as const)
        : ([wire.toClient, wire.client, wire.clientConn] as const);
    const item = items[0];
    if (item === undefined) throw new Error('nothing is under way there');
    if (item === null) return this.notice(wire, to);
    this.put(wire, to === 'server' ? { ...wire, toServer: items.slice(1) } : { ...wire, toClient: items.slice(1) });
    const { id, pdu } = item;
    this.take(
      arrived(local, this.locals[at] as Local, `pdu ${id} ${conn}`, () => ({ type: 'frame', link: 'rpc', conn, frame: pdu })),
    );
  }

  /** One end learns that the connection is gone. */
  notice(wire: Wire, to: Side): void {
    const { local } = this.#context;
    const [at, conn] = to === 'server' ? [wire.server, wire.serverConn] : [wire.client, wire.clientConn];
    const otherUp = to === 'server' ? wire.clientUp : wire.serverUp;
    this.#drop(wire, to);
    const next: Wire = to === 'server' ? { ...wire, serverUp: false, toServer: [] } : { ...wire, clientUp: false, toClient: [] };
    this.put(wire, otherUp ? next : null);
    this.take(arrived(local, this.locals[at] as Local, `lost ${conn}`, () => ({ type: 'lost', conn, error: 10054 })));
  }

  lose(wires: readonly Wire[]): void {
    for (const wire of wires)
      this.put(wire, {
        ...wire,
        phase: 'lost',
        toServer: wire.toServer.filter(isParcel),
        toClient: wire.toClient.filter(isParcel),
      });
    this.losses -= 1;
  }

  refuse(wire: Wire): void {
    this.losses -= 1;
    this.fail(wire);
  }

  /** A dial comes to nothing. */
  fail(wire: Wire): void {
    this.put(wire, null);
    const { client, clientConn: conn } = wire;
    const input = { type: 'dial-failed', conn, error: 1722, osError: 'ECONNREFUSED' } as const;
    this.take(arrived(this.#context.local, this.locals[client] as Local, `refused ${conn}`, () => input));
  }

  /** The operator switches the articles off. */
  cure(at: number): void {
    for (const article of (this.locals[at] as Local).mta.legacy) {
      const command = { op: 'set', article, mode: 'fixed' } as const;
      this.take(arrived(this.#context.local, this.locals[at] as Local, `fixed ${article}`, () => ({ type: 'command', command })));
    }
  }

  /** The system answers a listen. */
  listen(at: number, binding: number, fails: boolean): void {
    const local = this.locals[at] as Local;
    const port = rowOf(local.mta.rpc.addresses, binding)?.port ?? 0;
    if (fails) this.broken = { at, binding };
    this.take(
      arrived(this.#context.local, local, `listen ${binding} ${fails}`, () =>
        fails ? { type: 'listen-failed', binding, osError: 'EADDRNOTAVAIL' } : { type: 'listening', binding, port },
      ),
    );
  }

  crash(at: number): void {
    this.crashes -= 1;
    this.#processEnds(at);
    this.take(crashed(this.#context.local, this.locals[at] as Local));
  }

  /** A process is gone, and lets go of its connections; the others notice in their own time. */
  #processEnds(at: number): void {
    for (const wire of this.wires.slice()) {
      if (wire.client === at && wire.clientUp) this.#drop(wire, 'client');
      if (wire.server === at && wire.serverUp) this.#drop(wire, 'server');
      if (wire.client === at && wire.clientUp) {
        const gone = wire.phase === 'dialling' || !wire.serverUp;
        const toServer = wire.toServer.filter(isParcel);
        this.put(wire, gone ? null : { ...wire, phase: 'lost', clientUp: false, toServer, toClient: [] });
      } else if (wire.server === at && wire.serverUp) {
        const toClient = wire.toClient.filter(isParcel);
        this.put(wire, wire.clientUp ? { ...wire, phase: 'lost', serverUp: false, toServer: [], toClient } : null);
      }
    }
  }

  /** A message that is on no disk, was not delivered and not reported is lost. */
  checkKept(): void {
    for (const message of this.undelivered) {
      if (this.locals.some(({ kept }) => kept.includes(message))) continue;
      const detail = 'A message is on no disk any more, and was neither delivered nor reported.';
      this.finding ??= { rule: 'kept-until-confirmed', message: String(message), detail };
    }
  }
}

function isParcel(item: Parcel | null): boolean {
  return item !== null;
}
