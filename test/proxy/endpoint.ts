/** A scripted endpoint for proxy tests: the product's own sockets and codec, with scripted answers instead of a core. */
import {
  type BindPdu,
  type Input,
  type MtaCredentials,
  maxFragmentBytes,
  mtaInterface,
  ndrSyntax,
  type Pdu,
  type RequestPdu,
  type RpcArgument,
  type RpcResult,
  type SendApdu,
} from '@mtalab/mta-core';
import { Network, RpcCodecs } from '@mtalab/transport';
import { handleOf, octetsOf } from '../support/contents.js';

type Waiter = { readonly met: () => boolean; readonly resolve: () => void };

/** A different octet pattern for each offset, so that a test notices mixed-up content. */
export function contentOf(offset: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (offset + index * 7) & 0xff);
}

export class Endpoint {
  readonly name: string;
  readonly network: Network;
  readonly inputs: Input[] = [];
  readonly seen: { readonly conn: number; readonly pdu: Pdu }[] = [];
  readonly lost = new Set<number>();
  /** Does it answer calls at once? It always answers binds. */
  answering = true;
  port = 0;
  readonly #waiters = new Set<Waiter>();
  #nextConn = 2;
  #nextCall = 1;
  #nextGroup = 1;

  constructor(name: string) {
    this.name = name;
    const rpc = new RpcCodecs({
      loadContent: (handle) => contentOf(handle.content ?? 0, handle.length),
      keepContent: handleOf,
    });
    this.network = new Network({ input: (input: Input) => this.#input(input) }, { rpc });
  }

  async listen(): Promise<void> {
    this.network.listen({ type: 'listen', link: 'rpc', binding: 0, address: '127.0.0.1', port: 0 });
    await this.until(() => this.port > 0);
  }

  #input(input: Input): void {
    this.inputs.push(input);
    if (input.type === 'listening') this.port = input.port;
    else if (input.type === 'lost' || input.type === 'dial-failed') this.lost.add(input.conn);
    else if (input.type === 'frame' && input.link === 'rpc') {
      this.seen.push({ conn: input.conn, pdu: input.frame });
      this.#answer(input.conn, input.frame);
    }
    this.network.flush();
    this.checkWaiters();
  }

  checkWaiters(): void {
    for (const waiter of [...this.#waiters]) {
      if (!waiter.met()) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  /** Resolves as soon as an input makes the condition true. */
  async until(met: () => boolean): Promise<void> {
    if (met()) return;
    await new Promise<void>((resolve) => this.#waiters.add({ met, resolve }));
  }

  #answer(conn: number, pdu: Pdu): void {
    if (pdu.type === 'bind') this.#acknowledge(conn, pdu);
    else if (pdu.type === 'request' && this.answering) {
      const body = resultOf(pdu, this.credentials());
      if (body !== null) this.write(conn, { type: 'response', call: pdu.call, context: pdu.context, cancelCount: 0, body });
    }
  }

  /** Queues a PDU, which leaves with the next flush. */
  write(conn: number, frame: Pdu): void {
    this.network.send({ type: 'frame', link: 'rpc', conn, frame });
  }

  #acknowledge(conn: number, bind: BindPdu): void {
    if (bind.group === 0) this.#nextGroup += 1;
    this.write(conn, {
      type: 'bind_ack',
      call: bind.call,
      maxXmit: maxFragmentBytes,
      maxRecv: maxFragmentBytes,
      group: bind.group === 0 ? this.#nextGroup : bind.group,
      multiplex: true,
      headerSigning: false,
      results: bind.contexts.map(() => ({ result: 0, reason: 0, transfer: ndrSyntax })),
    });
  }

  credentials(): MtaCredentials {
    return {
      mtaName: this.name,
      password: '',
      incarnation: 1,
      storeUuid: '6f9619ff-8b86-4011-b42d-00c04fc964ff',
      settledBelow: 0,
    };
  }

  /** Dials and binds. @returns the connection and its association group. */
  async bind(port: number, group = 0): Promise<{ readonly conn: number; readonly group: number }> {
    const conn = this.#nextConn;
    this.#nextConn += 2;
    this.network.dial({ type: 'dial', link: 'rpc', conn, host: '127.0.0.1', port });
    await this.until(() => this.inputs.some((input) => input.type === 'connected' && input.conn === conn));
    const call = this.#nextCall++;
    const contexts = [{ id: 0, abstract: mtaInterface, transfer: [ndrSyntax] }];
    this.write(conn, {
      type: 'bind',
      call,
      maxXmit: maxFragmentBytes,
      maxRecv: maxFragmentBytes,
      group,
      multiplex: true,
      headerSigning: false,
      contexts,
    });
    this.network.flush();
    await this.until(() => this.lost.has(conn) || this.acknowledged(conn) !== undefined);
    return { conn, group: this.acknowledged(conn)?.group ?? 0 };
  }

  acknowledged(conn: number): { readonly group: number } | undefined {
    for (const one of this.seen) {
      if (one.conn === conn && one.pdu.type === 'bind_ack') return one.pdu;
    }
    return undefined;
  }

  /** Makes a call without waiting for the answer. @returns the call's id. */
  call(conn: number, opnum: number, body: RpcArgument): number {
    const call = this.#nextCall++;
    this.write(conn, { type: 'request', call, context: 0, opnum, body });
    this.network.flush();
    return call;
  }

  send(conn: number, apdu: SendApdu): number {
    return this.call(conn, 2, { op: 'MtaSend', apdu, settled: [] });
  }

  /** Sends a segment that carries the pattern of its offset. */
  segment(conn: number, offset: number, length = 10): number {
    const content = { length, content: offset };
    return this.send(conn, { kind: 'rttr', activity: 4294967297, offset, content, last: false });
  }

  async answered(conn: number, call: number): Promise<void> {
    await this.until(() => this.seen.some((one) => one.conn === conn && one.pdu.type === 'response' && one.pdu.call === call));
  }

  /** Opens an association as the product does: first connection, MtaBind, data connection with the association group. */
  async open(port: number, association: string): Promise<{ readonly first: number; readonly data: number }> {
    const first = await this.bind(port);
    const rtorq = {
      kind: 'rtorq',
      checkpointSizeK: 30,
      windowSize: 5,
      dialogueMode: 'two-way-alternate',
      turn: 'initiator',
      recovery: 0,
    } as const;
    const call = this.call(first.conn, 0, {
      op: 'MtaBind',
      from: this.credentials(),
      endpoints: ['127.0.0.1[1]'],
      association,
      rtorq,
    });
    await this.answered(first.conn, call);
    const data = await this.bind(port, first.group);
    return { first: first.conn, data: data.conn };
  }

  /** The APDUs of the MtaSend calls that arrived here, in order. It checks the content of segments. */
  received(): readonly string[] {
    return this.seen.flatMap(({ pdu }) => {
      if (pdu.type !== 'request' || pdu.body.op !== 'MtaSend') return [];
      const { apdu } = pdu.body;
      if (apdu.kind !== 'rttr') return [apdu.kind];
      const octets = octetsOf(apdu.content);
      const whole = octets !== undefined && Buffer.compare(octets, contentOf(apdu.offset, apdu.content.length)) === 0;
      return [`rttr ${apdu.offset}${whole ? '' : ' damaged'}`];
    });
  }

  async close(): Promise<void> {
    await this.network.closeAll();
  }
}

function resultOf(request: RequestPdu, from: MtaCredentials): RpcResult | null {
  const { body } = request;
  switch (body.op) {
    case 'MtaBind':
      return { op: 'MtaBind', from, apdu: { kind: 'rtoac', checkpointSizeK: 30, windowSize: 5 } };
    case 'MtaBindBack':
      return { op: 'MtaBindBack', accepted: true };
    case 'MtaSend': {
      const { apdu } = body;
      if (apdu.kind === 'turn-please') return { op: 'MtaSend', apdu: { kind: 'please-noted' } };
      if (apdu.kind === 'turn-give') return { op: 'MtaSend', apdu: { kind: 'turn-give-ack' } };
      if (apdu.kind !== 'rttr') return null;
      const upTo = apdu.offset + apdu.content.length;
      return { op: 'MtaSend', apdu: { kind: 'confirm', activity: apdu.activity, upTo, stored: false } };
    }
    default:
      return null;
  }
}
