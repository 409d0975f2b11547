/** The fixture of the RPC tests: runtimes wired together in memory, and strangers that follow a script. */
import {
  beginStep,
  type Context,
  defaultSettings,
  describePdu,
  type Effect,
  endStep,
  findRow,
  type Indication,
  type Input,
  idleRuntime,
  type Mta,
  type Pdu,
  rowsIn,
  rpcDeadline,
  rpcInput,
  rpcTimer,
  type Settings,
} from '@mtalab/mta-core';

/** The part of an MTA that its RPC runtime reads. */
export function bareMta(ports: readonly number[], settings: Partial<Settings>, mapperPort: number | null = null): Mta {
  return {
    name: 'MTA-A',
    settings: { ...defaultSettings, ...settings },
    bindings: ports.map((port, id) => ({ id, address: `127.0.0.${id + 1}`, port, label: '', enabled: true })),
    cluster: false,
    mapperPort,
    legacy: [],
    rpc: idleRuntime,
    nextConnection: 2,
  } as unknown as Mta;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}

/** Runs one step and freezes the new state, so that a change in place fails at once. */
export function turn(mta: Mta, nowMs: number, action: (ctx: Context) => void): Context {
  const ctx = beginStep(deepFreeze(mta), nowMs);
  action(ctx);
  endStep(ctx);
  return ctx;
}

type End = { readonly party: string; readonly conn: number };
/** `deaf`: closed ends, which get no further input from the driver. */
type PartyConnection = { readonly dialler: End; readonly listener: End; readonly deaf: Set<End>; up: boolean };
type Parcel = Pdu | { readonly type: 'close' } | { readonly type: 'malformed'; readonly answer: Pdu | null };
type Event =
  | { readonly type: 'parcel'; readonly connection: PartyConnection; readonly to: End; readonly parcel: Parcel }
  | { readonly type: 'dial'; readonly from: End; readonly port: number };

export class Lab {
  nowMs = 0;
  held = false;
  readonly nodes = new Map<string, Mta>();
  readonly out: string[] = [];
  /** The listener at each address: a runtime, a stranger, or one that never answers. */
  readonly ports = new Map<number, { readonly party: string; readonly binding: number }>();
  readonly silent = new Set<number>();
  readonly #strangers = new Set<string>();
  readonly #connections: PartyConnection[] = [];
  readonly #events: Event[] = [];
  #nextAccepted = 1;

  step(name: string, action: (ctx: Context) => void): void {
    const ctx = turn(this.#node(name), this.nowMs, action);
    this.nodes.set(name, ctx.mta);
    for (const effect of ctx.effects) this.#carryOut(name, effect);
    for (const indication of ctx.rpc.indications) this.out.push(`${name} ${indication.conn} told ${tell(indication)}`);
  }

  input(name: string, input: Input): void {
    this.step(name, (ctx) => rpcInput(ctx, input));
  }

  tick(ms: number): void {
    this.nowMs += ms;
    for (const name of this.nodes.keys()) this.step(name, rpcTimer);
  }

  /** Lets everything on the connections arrive, except held PDUs. */
  flow(): void {
    while (!this.held) {
      const event = this.#events.shift();
      if (event === undefined) return;
      if (event.type === 'dial') this.#dial(event.from, event.port);
      else if (event.connection.up) this.#arrive(event.connection, event.to, event.parcel);
    }
  }

  /** A stranger dials. */
  stranger(name: string, port: number): void {
    this.#strangers.add(name);
    this.#dial({ party: name, conn: 0 }, port);
  }

  strangerListens(name: string, port: number): void {
    this.#strangers.add(name);
    this.ports.set(port, { party: name, binding: 0 });
  }

  /** A stranger sends a PDU on its latest connection. */
  say(name: string, parcel: Parcel): void {
    const connection = this.#connectionOf(name, 0);
    if (connection === undefined) throw new Error(`${name} has no connection`);
    this.#events.push({
      type: 'parcel',
      connection,
      to: connection.dialler.party === name ? connection.listener : connection.dialler,
      parcel,
    });
  }

  /** The network loses a connection and the PDUs under way on it. */
  cut(name: string, conn: number): void {
    const connection = this.#connectionOf(name, conn);
    if (connection === undefined) throw new Error(`${name} ${conn} is not connected`);
    connection.up = false;
    for (const end of [connection.dialler, connection.listener]) this.#lose(end);
  }

  state(name: string): void {
    const { rpc } = this.#node(name);
    for (const { id, serves, state, port, groups } of rpc.addresses) {
      const what = serves === 'mapper' ? ' mapper' : '';
      this.out.push(
        `address ${id}${what} ${state} port=${port} groups=${rowsIn(groups)
          .map((group) => `${group.id}x${group.members.length}`)
          .join()}`,
      );
    }
    for (const { id, side, phase, group, contexts, calls, owner, asksFor } of rowsIn(rpc.connections)) {
      const asking = asksFor === null ? '' : ` asks-for=${asksFor}`;
      const owned = `${owner === null ? '' : ` owner=${owner.entry}/${owner.association}`}${asking}`;
      const held = contexts.map((context) => (context.serves === 'mta' ? context.id : `${context.id}:${context.serves}`));
      const lists = `contexts=${held.join()} calls=${rowsIn(calls)
        .map((call) => call.id)
        .join()}`;
      this.out.push(`connection ${id} ${side} ${phase} group=${group} ${lists}${owned}`);
    }
    this.out.push(`deadline ${rpcDeadline(rpc) ?? 'none'}`);
  }

  #node(name: string): Mta {
    const mta = this.nodes.get(name);
    if (mta === undefined) throw new Error(`no node ${name}`);
    return mta;
  }

  #connectionOf(party: string, conn: number): PartyConnection | undefined {
    const is = (end: End): boolean => end.party === party && end.conn === conn;
    return this.#connections.findLast((connection) => connection.up && (is(connection.dialler) || is(connection.listener)));
  }

  #carryOut(name: string, effect: Effect): void {
    switch (effect.type) {
      case 'listen':
        this.out.push(`${name} listens ${effect.binding} at ${effect.address}:${effect.port}`);
        return;
      case 'dial': {
        const local = effect.localAddress === undefined ? '' : ` from ${effect.localAddress}`;
        this.out.push(`${name} ${effect.conn} dials ${effect.host}:${effect.port}${local}`);
        this.#events.push({ type: 'dial', from: { party: name, conn: effect.conn }, port: effect.port });
        return;
      }
      case 'frame':
      case 'close': {
        this.out.push(
          `${name} ${effect.conn} ${effect.type === 'frame' && effect.link === 'rpc' ? `> ${describePdu(effect.frame)}` : 'closes'}`,
        );
        const connection = this.#connectionOf(name, effect.conn);
        if (connection === undefined) return;
        const isDialler = connection.dialler.party === name && connection.dialler.conn === effect.conn;
        const to = isDialler ? connection.listener : connection.dialler;
        if (effect.type === 'close') connection.deaf.add(isDialler ? connection.dialler : connection.listener);
        this.#events.push({
          type: 'parcel',
          connection,
          to,
          parcel: effect.type === 'frame' && effect.link === 'rpc' ? effect.frame : { type: 'close' },
        });
        return;
      }
      default:
        throw new Error(`the RPC runtime has no business with the effect ${effect.type}`);
    }
  }

  #dial(from: End, port: number): void {
    if (this.silent.has(port)) return;
    const isStranger = this.#strangers.has(from.party);
    if (!isStranger && findRow(this.#node(from.party).rpc.connections, from.conn) === undefined) return;
    const answering = this.ports.get(port);
    if (answering === undefined) {
      this.input(from.party, { type: 'dial-failed', conn: from.conn, error: 1722, osError: 'ECONNREFUSED' });
      return;
    }
    const toStranger = this.#strangers.has(answering.party);
    const listener = { party: answering.party, conn: toStranger ? 0 : this.#nextAccepted };
    if (!toStranger) this.#nextAccepted += 2;
    this.#connections.push({ dialler: from, listener, deaf: new Set(), up: true });
    if (!toStranger) {
      this.out.push(`${listener.party} ${listener.conn} accepted from ${from.party}`);
      const { conn } = listener;
      this.input(listener.party, {
        type: 'accepted',
        link: 'rpc',
        conn,
        binding: answering.binding,
        remote: `remote-${from.party}`,
      });
    }
    if (!isStranger) this.input(from.party, { type: 'connected', conn: from.conn });
  }

  #arrive(connection: PartyConnection, to: End, parcel: Parcel): void {
    if (connection.deaf.has(to)) {
      // The end may still write its own close, which then arrives at the other end.
      if (parcel.type === 'close') connection.up = false;
    } else if (parcel.type === 'close') {
      connection.up = false;
      this.#lose(to);
    } else if (this.#strangers.has(to.party)) {
      return;
    } else if (parcel.type === 'malformed') {
      this.input(to.party, { ...parcel, conn: to.conn, detail: 'scripted' });
    } else {
      this.input(to.party, { type: 'frame', link: 'rpc', conn: to.conn, frame: parcel });
    }
  }

  #lose(end: End): void {
    if (this.#strangers.has(end.party)) {
      this.out.push(`${end.party} is cut off`);
      return;
    }
    this.out.push(`${end.party} ${end.conn} is lost`);
    this.input(end.party, { type: 'lost', conn: end.conn, error: 10054 });
  }
}

/** An indication as text. */
function tell(indication: Indication): string {
  const { type, owner } = indication;
  const of = owner === null ? '' : ` owner=${owner.entry}/${owner.association}`;
  switch (type) {
    case 'bound':
      return `bound group=${indication.group} remote=${indication.remote}${of}`;
    case 'bind-failed':
      return `bind-failed error=${indication.error} nak=${indication.nak ?? 'none'} remote=${indication.remote}${of}`;
    case 'called': {
      const { call, argument, address, group, remote } = indication;
      return `called ${call} ${argument.op} address=${address} group=${group} remote=${remote}${of}`;
    }
    case 'answered':
      return `answered ${indication.call} ${indication.result.op}${of}`;
    case 'call-failed': {
      const { call, op, error, status, mayHaveExecuted } = indication;
      const surely = mayHaveExecuted ? 'may-have-executed' : 'did-not-execute';
      return `call-failed ${call} ${op} error=${error} status=${status?.toString(16) ?? 'none'} ${surely}${of}`;
    }
    case 'call-cancelled':
      return `call-cancelled ${indication.call} ${indication.op} elapsedMs=${indication.elapsedMs} remote=${indication.remote}${of}`;
    case 'unreadable':
      return `unreadable ${indication.call}: ${indication.detail}${of}`;
    case 'cancelled-by-peer':
      return `cancelled-by-peer ${indication.call} ${indication.op}${of}`;
    case 'connection-lost':
      return `connection-lost error=${indication.error}${of}`;
  }
}
