/** What both directions of one connection have agreed so far, as far as reading and writing octets depends on it. */
import { maxFragmentBytes, mtaInterface, type Pdu, type PresentationContext } from '@mtalab/mta-core';
import { agreedFragmentBytes } from './header.js';

/** Calls and binds remembered at most; beyond it the oldest is forgotten, and its answer cannot be read. */
const callsLimit = 8192;
const bindsLimit = 16;

export class Conversation {
  /** The largest fragment either side may send from now on, in octets. */
  fragmentBytes: number = maxFragmentBytes;
  /** Contexts offered by binds that are not answered yet, by call id. */
  readonly #offers = new Map<number, readonly PresentationContext[]>();
  /** Ids of the contexts accepted for the MTA interface. */
  readonly #accepted = new Set<number>();
  /** Operation numbers of the calls that are not answered yet, by call id. */
  readonly #calls = new Map<number, number>();

  /** Take note of a PDU that has been sent or received, in the order of sending and receiving. */
  note(pdu: Pdu): void {
    switch (pdu.type) {
      case 'request':
        remember(this.#calls, pdu.call, pdu.opnum, callsLimit);
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
          if (result.result === 0 && offer !== undefined && isMtaInterface(offer)) this.#accepted.add(offer.id);
        }
        if (pdu.type === 'bind_ack') this.#agree(pdu.maxXmit, pdu.maxRecv);
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

  /** Has this presentation context been accepted for the MTA interface? */
  isAccepted(context: number): boolean {
    return this.#accepted.has(context);
  }

  /** Operation number of a call that has not been answered yet. */
  opnumOf(call: number): number | undefined {
    return this.#calls.get(call);
  }

  #agree(maxXmit: number, maxRecv: number): void {
    this.fragmentBytes = Math.min(this.fragmentBytes, agreedFragmentBytes(maxXmit, maxRecv));
  }
}

function isMtaInterface(context: PresentationContext): boolean {
  return context.abstract.uuid === mtaInterface.uuid && context.abstract.version === mtaInterface.version;
}

function remember<T>(map: Map<number, T>, key: number, value: T, limit: number): void {
  map.set(key, value);
  if (map.size > limit) map.delete(map.keys().next().value as number);
}
