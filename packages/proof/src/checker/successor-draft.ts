/** Builds the successor of a state: applies one move to the MTAs and to the network. */
import { type MtaConfig, rowOf } from '@mtalab/mta-core';
import type { Breach } from '../rules/catalogue.js';
import { reaches } from '../rules/reach.js';
import { type ConnectionState, canConnect, type GlobalState, type SearchContext, type Side } from './global-state.js';
import { arrived, crashed, type NodeState, type Out, type Parcel, type StepResult } from './node-step.js';

/** Most connections at one time, of all MTAs. */
const maxConnections = 40;

/** A draft of the state after one move. */
export class SuccessorDraft {
  readonly #context: SearchContext;
  nodes: NodeState[];
  connections: ConnectionState[];
  unsubmitted: readonly number[];
  losses: number;
  crashes: number;
  broken: GlobalState['broken'];
  undelivered: readonly number[];
  reported: readonly number[];
  breach: Breach | null = null;
  /** Dials with an outcome so far. */
  dials = 0;
  /** Dials without an outcome. */
  readonly #dials: ConnectionState[] = [];

  constructor(context: SearchContext, global: GlobalState) {
    this.#context = context;
    this.nodes = global.nodes.slice();
    this.connections = global.connections.slice();
    this.unsubmitted = global.unsubmitted;
    this.losses = global.losses;
    this.crashes = global.crashes;
    this.broken = global.broken;
    this.undelivered = global.undelivered;
    this.reported = global.reported;
  }

  global(): GlobalState {
    const { nodes, connections, unsubmitted, losses, crashes, broken, undelivered, reported } = this;
    return { nodes, connections, unsubmitted, losses, crashes, broken, undelivered, reported };
  }

  put(connection: ConnectionState, next: ConnectionState | null): void {
    const at = this.connections.indexOf(connection);
    if (next === null) this.connections.splice(at, 1);
    else this.connections[at] = next;
  }

  find(at: number, conn: number): ConnectionState | undefined {
    return this.connections.find(
      (connection) =>
        (connection.client === at && connection.clientUp && connection.clientConn === conn) ||
        (connection.server === at && connection.serverUp && connection.serverConn === conn),
    );
  }

  /** Puts the outcome of a node step into the global state. */
  take(result: StepResult): void {
    const { at } = result.node;
    this.nodes[at] = result.node;
    this.breach ??= result.breach;
    if (result.accepted.length > 0) this.undelivered = [...this.undelivered, ...result.accepted];
    for (const message of result.delivered) this.#delivered(message);
    for (const message of result.reported) {
      this.undelivered = this.undelivered.filter((each) => each !== message);
      this.reported = [...this.reported, message];
    }
    for (const out of result.out) this.#send(at, out);
    if (result.node.mta.phase === 'halted') this.#processEnds(at);
  }

  #delivered(message: number): void {
    if (this.undelivered.includes(message)) this.undelivered = this.undelivered.filter((each) => each !== message);
    else if (!this.reported.includes(message)) {
      this.breach ??= { rule: 'once', message: String(message), detail: 'A message is delivered a second time.' };
    }
  }

  #send(at: number, out: Out): void {
    if (out.kind === 'dial') return this.#dial(at, out);
    const connection = this.find(at, out.conn);
    if (connection === undefined) return;
    const byClient = connection.client === at;
    const otherUp = byClient ? connection.serverUp : connection.clientUp;
    if (out.kind === 'send') {
      if (connection.phase !== 'up' || !otherUp) {
        this.#context.dropped?.(at, byClient ? connection.server : connection.client, out.parcel);
        return;
      }
      this.put(
        connection,
        byClient
          ? { ...connection, toServer: [...connection.toServer, out.parcel] }
          : { ...connection, toClient: [...connection.toClient, out.parcel] },
      );
      return;
    }
    this.#drop(connection, byClient ? 'client' : 'server');
    if (!otherUp || connection.phase === 'dialling') return this.put(connection, null);
    const end = connection.phase === 'up' ? [null] : [];
    this.put(
      connection,
      byClient
        ? { ...connection, clientUp: false, toClient: [], toServer: [...connection.toServer, ...end] }
        : { ...connection, serverUp: false, toServer: [], toClient: [...connection.toClient, ...end] },
    );
  }

  /** This end will not read the PDUs under way to it. */
  #drop(connection: ConnectionState, to: Side): void {
    if (this.#context.dropped === null) return;
    const [items, at, from] =
      to === 'server'
        ? [connection.toServer, connection.server, connection.client]
        : [connection.toClient, connection.client, connection.server];
    for (const item of items) if (item !== null) this.#context.dropped(from, at, item);
  }

  #dial(at: number, out: Extract<Out, { kind: 'dial' }>): void {
    if (this.connections.length >= maxConnections) throw new Error(`more than ${maxConnections} connections`);
    const place = `${out.host}[${out.port}]`;
    const target = this.#context.listeners.get(place);
    if (target === undefined) throw new Error(`nobody listens at ${place}`);
    const { mta: server, link, binding } = target;
    const connection: ConnectionState = {
      link,
      client: at,
      clientConn: out.conn,
      server,
      binding,
      routed: reaches(out.from, out.host),
      serverConn: 0,
      association: out.association,
      phase: 'dialling',
      clientUp: true,
      serverUp: false,
      toServer: [],
      toClient: [],
    };
    this.connections.push(connection);
    this.#dials.push(connection);
  }

  /**
   * If binds are at once, decides each dial as soon as an MTA makes it.
   * @param refused bits of the dials that fail: each is a loss.
   */
  decideDials(refused: number): void {
    if (!this.#context.bindsAtOnce) return;
    for (let connection = this.#dials.shift(); connection !== undefined; connection = this.#dials.shift()) {
      if (!this.connections.includes(connection)) continue;
      if (!canConnect(this.global(), connection)) {
        this.fail(connection);
        continue;
      }
      const fails = (refused >> this.dials) % 2 === 1 && this.losses > 0;
      this.dials += 1;
      if (fails) this.refuse(connection);
      else this.connect(connection);
    }
  }

  connect(connection: ConnectionState): void {
    const server = this.nodes[connection.server] as NodeState;
    const serverConn = server.nextAccepted;
    const up: ConnectionState = { ...connection, phase: 'up', serverConn, serverUp: true };
    this.put(connection, up);
    const { steps } = this.#context;
    const remote = `${(this.#context.steps.configs[connection.client] as MtaConfig).name}`;
    const { link, binding } = connection;
    this.take(
      arrived(steps, server, `accepted ${binding}`, () => ({ type: 'accepted', link, conn: serverConn, binding, remote })),
    );
    const client = this.nodes[connection.client] as NodeState;
    this.take(
      arrived(steps, client, `connected ${connection.clientConn}`, () => ({ type: 'connected', conn: connection.clientConn })),
    );
    if (!this.#context.bindsAtOnce) return;
    for (const to of ['server', 'client'] as const) {
      const now = this.connections.find(
        (each) =>
          each.client === connection.client && each.clientConn === connection.clientConn && each.serverConn === serverConn,
      );
      if (now !== undefined && (to === 'server' ? now.toServer : now.toClient).length > 0) this.deliver(now, to);
    }
  }

  deliver(connection: ConnectionState, to: Side): void {
    const { steps } = this.#context;
    const [items, at, conn] =
      to === 'server'
        ? ([connection.toServer, connection.server, connection.serverConn] as const)
        : ([connection.toClient, connection.client, connection.clientConn] as const);
    const item = items[0];
    if (item === undefined) throw new Error('nothing is under way there');
    if (item === null) return this.notice(connection, to);
    this.put(
      connection,
      to === 'server' ? { ...connection, toServer: items.slice(1) } : { ...connection, toClient: items.slice(1) },
    );
    const { id, carried } = item;
    this.take(arrived(steps, this.nodes[at] as NodeState, `frame ${id} ${conn}`, () => ({ type: 'frame', conn, ...carried })));
  }

  /** One end notices that the connection is gone. */
  notice(connection: ConnectionState, to: Side): void {
    const { steps } = this.#context;
    const [at, conn] = to === 'server' ? [connection.server, connection.serverConn] : [connection.client, connection.clientConn];
    const otherUp = to === 'server' ? connection.clientUp : connection.serverUp;
    this.#drop(connection, to);
    const next: ConnectionState =
      to === 'server' ? { ...connection, serverUp: false, toServer: [] } : { ...connection, clientUp: false, toClient: [] };
    this.put(connection, otherUp ? next : null);
    this.take(arrived(steps, this.nodes[at] as NodeState, `lost ${conn}`, () => ({ type: 'lost', conn, error: 10054 })));
  }

  lose(connections: readonly ConnectionState[]): void {
    for (const connection of connections)
      this.put(connection, {
        ...connection,
        phase: 'lost',
        toServer: connection.toServer.filter(isParcel),
        toClient: connection.toClient.filter(isParcel),
      });
    this.losses -= 1;
  }

  refuse(connection: ConnectionState): void {
    this.losses -= 1;
    this.fail(connection);
  }

  /** A dial fails. */
  fail(connection: ConnectionState): void {
    this.put(connection, null);
    const { client, clientConn: conn } = connection;
    const input = { type: 'dial-failed', conn, error: 1722, osError: 'ECONNREFUSED' } as const;
    this.take(arrived(this.#context.steps, this.nodes[client] as NodeState, `refused ${conn}`, () => input));
  }

  /** The operator switches the articles off. */
  cure(at: number): void {
    for (const article of (this.nodes[at] as NodeState).mta.legacy) {
      const command = { op: 'set', article, mode: 'fixed' } as const;
      this.take(
        arrived(this.#context.steps, this.nodes[at] as NodeState, `fixed ${article}`, () => ({ type: 'command', command })),
      );
    }
  }

  /** The system answers a listen. */
  listen(at: number, binding: number, fails: boolean): void {
    const node = this.nodes[at] as NodeState;
    const port = rowOf(node.mta.rpc.addresses, binding)?.port ?? 0;
    if (fails) this.broken = { at, binding };
    this.take(
      arrived(this.#context.steps, node, `listen ${binding} ${fails}`, () =>
        fails
          ? { type: 'listen-failed', link: 'rpc', binding, osError: 'EADDRNOTAVAIL' }
          : { type: 'listening', link: 'rpc', binding, port },
      ),
    );
  }

  crash(at: number): void {
    this.crashes -= 1;
    this.#processEnds(at);
    this.take(crashed(this.#context.steps, this.nodes[at] as NodeState));
  }

  /** A process ends and releases its connections; the other ends notice in their own time. */
  #processEnds(at: number): void {
    for (const connection of this.connections.slice()) {
      if (connection.client === at && connection.clientUp) this.#drop(connection, 'client');
      if (connection.server === at && connection.serverUp) this.#drop(connection, 'server');
      if (connection.client === at && connection.clientUp) {
        const gone = connection.phase === 'dialling' || !connection.serverUp;
        const toServer = connection.toServer.filter(isParcel);
        this.put(connection, gone ? null : { ...connection, phase: 'lost', clientUp: false, toServer, toClient: [] });
      } else if (connection.server === at && connection.serverUp) {
        const toClient = connection.toClient.filter(isParcel);
        this.put(
          connection,
          connection.clientUp ? { ...connection, phase: 'lost', serverUp: false, toServer: [], toClient } : null,
        );
      }
    }
  }

  /** A message is lost if it is on no disk and was neither delivered nor reported. */
  checkKept(): void {
    for (const message of this.undelivered) {
      if (this.nodes.some(({ kept }) => kept.includes(message))) continue;
      const detail = 'A message is on no disk, and was neither delivered nor reported.';
      this.breach ??= { rule: 'kept-until-confirmed', message: String(message), detail };
    }
  }
}

function isParcel(item: Parcel | null): boolean {
  return item !== null;
}
