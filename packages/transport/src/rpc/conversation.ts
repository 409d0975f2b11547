/** The state of one connection that reading and writing octets depends on: fragment size, contexts, calls under way. */
import {
  fragmentBytes,
  interfaceOf,
  maxFragmentBytes,
  type Pdu,
  type PresentationContext,
  type RpcInterface,
} from '@mtalab/mta-core';

/** Calls and binds remembered at most; beyond it the oldest is forgotten, and its answer cannot be read. */
const callsLimit = 8192;
const bindsLimit = 16;
const acceptedLimit = 1024;

const interfaces: readonly RpcInterface[] = ['mta', 'management', 'mapper'];

export class Conversation {
  /** The largest fragment that either side may send from now on, in octets. */
  fragmentBytes: number = maxFragmentBytes;
  /** May the fragments of several calls be mixed? */
  multiplex = false;
  /** Contexts offered by binds that are not answered yet, by call id. */
  readonly #offers = new Map<number, readonly PresentationContext[]>();
  /** What each accepted context is for, by its id. */
  readonly #accepted = new Map<number, RpcInterface>();
  /** The calls that are not answered yet, by call id: operation number, and above it the place of the interface in `interfaces`. */
  readonly #calls = new Map<number, number>();

  /** Take note of a PDU that has been sent or received, in the order of sending and receiving. */
  note(pdu: Pdu): void {
    switch (pdu.type) {
      case 'request':
        remember(
          this.#calls,
          pdu.call,
          pdu.opnum | (interfaces.indexOf(this.interfaceOf(pdu.context) ?? 'mta') << 16),
          callsLimit,
        );
        return;
      case 'response':
      case 'fault':
      case 'orphaned':
        this.#calls.delete(pdu.call);
        return;
      case 'bind':
      case 'alter_context':
        remember(this.#offers, pdu.call, pdu.contexts, bindsLimit);
        if (pdu.type === 'bind') this.#agree(pdu.maxXmit, pdu.maxRecv);
        return;
      case 'bind_ack':
      case 'alter_context_resp': {
        const offers = this.#offers.get(pdu.call) ?? [];
        this.#offers.delete(pdu.call);
        for (const [index, result] of pdu.results.entries()) {
          const offer = offers[index];
          const accepted = result.result === 0 && offer !== undefined ? interfaceOf(offer.abstract) : undefined;
          if (offer !== undefined && accepted !== undefined) this.#accept(offer.id, accepted);
        }
        if (pdu.type === 'bind_ack') {
          this.#agree(pdu.maxXmit, pdu.maxRecv);
          this.multiplex = pdu.multiplex;
        }
        return;
      }
      case 'bind_nak':
        this.#offers.delete(pdu.call);
        return;
      case 'co_cancel':
      case 'shutdown':
        return;
    }
  }

  /** The interface that this presentation context has been accepted for. */
  interfaceOf(context: number): RpcInterface | undefined {
    return this.#accepted.get(context);
  }

  /** Operation number of a call that has not been answered yet. */
  opnumOf(call: number): number | undefined {
    const found = this.#calls.get(call);
    return found === undefined ? undefined : found & 0xffff;
  }

  /** The interface of a call that has not been answered yet; the MTA's when there is none. */
  calledInterface(call: number): RpcInterface {
    return interfaces[(this.#calls.get(call) ?? 0) >>> 16] ?? 'mta';
  }

  #accept(context: number, serves: RpcInterface): void {
    if (this.#accepted.size < acceptedLimit || this.#accepted.has(context)) this.#accepted.set(context, serves);
  }

  #agree(maxXmit: number, maxRecv: number): void {
    this.fragmentBytes = Math.min(this.fragmentBytes, fragmentBytes(maxXmit, maxRecv));
  }
}

function remember<T>(map: Map<number, T>, key: number, value: T, limit: number): void {
  map.set(key, value);
  if (map.size > limit) map.delete(map.keys().next().value as number);
}
