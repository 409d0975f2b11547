/** Puts the fragments of calls and of their answers together. */
import { faultStatus } from '@mtalab/mta-core';
import type { Conversation } from './conversation.js';
import type { StubLimits } from './memory-limits.js';
import { MalformedPdu, pduFlag } from './pdu-header.js';

/** Octets set aside at first for a call that says how long it is. */
const firstStubBytes = 65_536;
/** Calls of one connection of which some fragments are missing. Only a connection with multiplexing has more than one. */
const partialCallsLimit = 64;

/** The head of a fragment of a call, and where its part of the stub is. */
export type CallFragment = {
  readonly type: 'request' | 'response';
  readonly flags: number;
  readonly call: number;
  readonly context: number;
  /** Operation number of a request, cancel count of a response. */
  readonly word: number;
  /** Octets of the stub from this fragment on, as its sender says. */
  readonly hintBytes: number;
  readonly octets: Buffer;
  readonly start: number;
  readonly end: number;
};

/** A call of which some fragments, but not the last, are here. */
type PartialCall = Pick<CallFragment, 'type' | 'call' | 'context' | 'word'> & {
  readonly limitBytes: number;
  stub: Buffer;
  stubBytes: number;
};

/** A whole call: its first fragment's head, with the whole stub. */
export type WholeCall = Pick<CallFragment, 'type' | 'call' | 'context' | 'word' | 'octets' | 'start' | 'end'>;

export class CallAssembly {
  readonly #conversation: Conversation;
  readonly #limits: StubLimits;
  readonly #partials = new Map<number, PartialCall>();
  /** Octets of stubs in `#partials`. */
  #stubBytes = 0;

  constructor(conversation: Conversation, limits: StubLimits) {
    this.#conversation = conversation;
    this.#limits = limits;
  }

  /** Forgets a call of which not all fragments are here, or all of them. */
  release(call?: number): void {
    for (const partial of this.#partials.values()) {
      if (call !== undefined && partial.call !== call) continue;
      this.#limits.budget?.give(partial.stub.length);
      this.#stubBytes -= partial.stubBytes;
      this.#partials.delete(partial.call);
    }
  }

  /**
   * Takes a fragment.
   * @returns the call that it completes, or null if more fragments must come.
   * @throws MalformedPdu
   */
  take(fragment: CallFragment): WholeCall | null {
    const isFirst = (fragment.flags & pduFlag.first) !== 0;
    const isLast = (fragment.flags & pduFlag.last) !== 0;
    if (isFirst) {
      this.#checkFirst(fragment);
      if (isLast) {
        const { maxStubBytes } = this.#limits;
        if (fragment.end - fragment.start > maxStubBytes) tooLong(fragment, maxStubBytes);
        return fragment;
      }
      this.#begin(fragment);
    }
    const partial = this.#partialOf(fragment);
    this.#append(partial, fragment);
    if (!isLast) return null;
    this.release(partial.call);
    const { type, call, context, word, stub, stubBytes } = partial;
    return { type, call, context, word, octets: stub, start: 0, end: stubBytes };
  }

  /** Only a connection with multiplexing may begin a call while another is incomplete. The faults are those of Windows. */
  #checkFirst({ type, flags, call, context }: CallFragment): void {
    const status = faultStatus.protocolError;
    if (type === 'request' && (flags & pduFlag.pendingCancel) !== 0)
      throw MalformedPdu.withFault(`request ${call} begins with its cancel`, {
        call,
        status: faultStatus.noCallActive,
        didNotExecute: true,
      });
    const [other] = this.#partials.values();
    if (other === undefined) return;
    const before = this.#partials.get(call) ?? (this.#conversation.multiplex ? undefined : other);
    if (before !== undefined)
      throw MalformedPdu.withFault(`${type} ${call} begins within the fragments of call ${before.call}`, {
        call: before.call,
        context: before.context,
        status,
      });
    if (type === 'request' && this.#conversation.interfaceOf(context) === undefined)
      throw MalformedPdu.withFault(`request ${call} names context ${context} within the fragments of call ${other.call}`, {
        call,
        status,
      });
  }

  #begin({ type, call, context, word, hintBytes, start, end }: CallFragment): void {
    if (this.#partials.size >= partialCallsLimit)
      throw MalformedPdu.withFault(`more than ${partialCallsLimit} calls are incomplete`, {
        call,
        context,
        status: faultStatus.serverTooBusy,
      });
    const limitBytes = this.#limitOf(type, context);
    if (hintBytes > limitBytes) tooLong({ type, call, context }, limitBytes);
    // Further calls get what their fragments bring, so that a stranger's many small ones hold no more than one large one.
    const bytes = this.#partials.size > 0 ? end - start : Math.min(Math.max(hintBytes, end - start), firstStubBytes);
    this.#limits.budget?.take(bytes);
    this.#partials.set(call, { type, call, context, word, limitBytes, stub: Buffer.allocUnsafeSlow(bytes), stubBytes: 0 });
  }

  #partialOf({ type, call, context, word }: CallFragment): PartialCall {
    const partial = this.#partials.get(call);
    const status = faultStatus.protocolError;
    if (partial === undefined || partial.type !== type)
      throw MalformedPdu.withFault(`a later fragment of ${type} ${call} without its first`, { call, status });
    if (type === 'request' && (partial.context !== context || partial.word !== word))
      throw MalformedPdu.withFault(`a later fragment of request ${call} is of another operation than its first`, {
        call,
        context: partial.context,
        status,
      });
    return partial;
  }

  /** Stubs are copied together: a stranger's tiny fragments must not hold on to what each read brought. */
  #append(partial: PartialCall, { octets, start, end }: CallFragment): void {
    const neededBytes = partial.stubBytes + end - start;
    const { limitBytes } = partial;
    if (this.#stubBytes + end - start > limitBytes) tooLong(partial, limitBytes);
    if (neededBytes > partial.stub.length) {
      const largerBytes = Math.max(neededBytes, Math.min(partial.stub.length * 2, limitBytes));
      this.#limits.budget?.take(largerBytes - partial.stub.length);
      const larger = Buffer.allocUnsafeSlow(largerBytes);
      partial.stub.copy(larger, 0, 0, partial.stubBytes);
      partial.stub = larger;
    }
    partial.stubBytes += octets.copy(partial.stub, partial.stubBytes, start, end);
    this.#stubBytes += end - start;
  }

  /** Only the calls of an association carry mail. All other calls, and all answers, are short. */
  #limitOf(type: 'request' | 'response', context: number): number {
    const { maxStubBytes, maxStrangerBytes = maxStubBytes, isAssociated } = this.#limits;
    const carriesMail = type === 'request' && this.#conversation.interfaceOf(context) === 'mta' && isAssociated?.() === true;
    return carriesMail ? maxStubBytes : Math.min(maxStrangerBytes, maxStubBytes);
  }
}

/** The incomplete calls of a connection may together be as long as one call. Windows answers a call over its limit with this fault. */
function tooLong({ type, call, context }: Pick<CallFragment, 'type' | 'call' | 'context'>, limitBytes: number): never {
  const detail = `stub of ${type} ${call} is longer than ${limitBytes} octets`;
  throw MalformedPdu.withFault(detail, { call, context, status: faultStatus.accessDenied });
}
