/** What the grader knows of one association from the PDUs on the link: the peer's Turn, its Please, and the transfers. */
import { type Confirm, type Priority, type Rtorq, type Rttr, turnPriority } from '@mtalab/mta-core';
import type { Breach, GradeRule } from './rules.js';

/** Transfers that a holder may still begin after a Please. */
const turnRequestThreshold = 10;

type Sending = {
  readonly activity: number;
  /** Where the next segment must begin. */
  next: number;
  /** Octets that the receiver has confirmed. */
  confirmed: number;
  readonly size: number;
  unconfirmed: number;
};

/** Transfers of all associations: an activity may go on or come again on another one. */
export type KnownTransfers = {
  /** Octets of each activity of the peer that we confirmed. */
  readonly confirmed: Map<number, number>;
  /** Our activities of which the last segment has reached the peer, and where: if one comes again elsewhere, the peer may know it. */
  readonly whole: Map<number, string>;
};

/** See the head of this file. `peer` is the judged side in all names here. */
export class AssociationWatch {
  readonly name: string;
  /** Is the peer the initiator? */
  readonly byPeer: boolean;
  /** Has the peer the Turn? */
  holds: boolean;
  /** False while the peer may not know yet that it has the Turn: its acknowledgement has not been seen. */
  sure = true;
  state: 'opening' | 'open' = 'opening';
  recovery = 0;
  /** Priority of our Please that has reached the peer; null for none. */
  asked: number | null = null;
  /** Has the peer a Please outstanding? */
  asking = false;
  /** Is a Give of the peer not acknowledged? */
  giving = false;
  sending: Sending | null = null;
  /** Has it been lost and recovered? */
  recovered = false;
  checkpointBytes = 1024;
  windowSize = 3;
  #rtorq: Rtorq | null = null;
  /** Has the peer the Turn, or not, because of a recovery of ours? */
  #adopted = false;
  #begunSinceAsked = 0;
  /** A transfer was confirmed after the peer had noted our Please: what it begins now, it begins knowing the Please. */
  #knowsPlease: 'no' | 'noted' | 'sure' = 'no';
  readonly #known: KnownTransfers;
  readonly #breach: (breach: Breach) => void;

  constructor(name: string, byPeer: boolean, known: KnownTransfers, breach: (breach: Breach) => void) {
    this.name = name;
    this.byPeer = byPeer;
    this.holds = byPeer;
    this.#known = known;
    this.#breach = breach;
  }

  #breaks(rule: GradeRule, detail: string): void {
    this.#breach({ rule, detail, association: this.name });
  }

  /** An RTORQ of either side arrives at the link. */
  called(fromPeer: boolean, rtorq: Rtorq): void {
    if (rtorq.recovery > 0) {
      if (fromPeer && !this.byPeer) this.#breaks('recovery-initiator', `the peer recovers ${this.name}, which it did not open`);
      if (fromPeer && rtorq.recovery <= this.recovery)
        this.#breaks('recovery-number', `recovery ${rtorq.recovery} follows recovery ${this.recovery}`);
      if (fromPeer && this.state !== 'opening') this.#checkTurn(rtorq);
      this.recovered = true;
    }
    this.#voided();
    this.recovery = Math.max(this.recovery, rtorq.recovery);
    this.#rtorq = rtorq;
  }

  #checkTurn({ turn }: Rtorq): void {
    const says = turn === 'initiator';
    if (says === this.holds || !this.sure) return;
    // A Give may have left the peer and not reached the link; then a Please of ours had reached the peer.
    if (!says && this.asked !== null) return;
    const memory = this.holds ? 'it had not given the Turn' : 'it had given the Turn, and not got it back';
    this.#breaks('recovery-turn', `the RTORQ says that the Turn is the ${turn}'s, but ${memory}`);
  }

  /** The opening or recovery is over for the peer: the Turn is where the RTORQ says. */
  opened(checkpointK: number, windowSize: number): void {
    if (this.#rtorq !== null) this.holds = (this.#rtorq.turn === 'initiator') === this.byPeer;
    this.#adopted = !this.byPeer && this.recovery > 0;
    this.sure = true;
    this.state = 'open';
    this.checkpointBytes = checkpointK === 0 ? Number.POSITIVE_INFINITY : checkpointK * 1024;
    this.windowSize = windowSize === 0 ? 3 : windowSize;
  }

  /** Our opening or recovery is over for the peer: its MtaBindBack is answered. It may agree to no more than we asked for. */
  openedByUs(): void {
    this.opened(this.#rtorq?.checkpointSizeK ?? 0, this.#rtorq?.windowSize ?? 0);
  }

  #voided(): void {
    this.state = 'opening';
    this.asked = null;
    this.asking = false;
    this.giving = false;
    this.sending = null;
    this.#knowsPlease = 'no';
  }

  /** A Turn-Please of ours has reached the peer. */
  pleaseReached(priority: number): void {
    this.asked = priority;
    this.#begunSinceAsked = 0;
    this.#knowsPlease = 'no';
  }

  /** The peer has answered our Please. */
  pleaseNoted(): void {
    if (this.#knowsPlease === 'no') this.#knowsPlease = 'noted';
  }

  /** A Turn-Give of ours has reached the peer. */
  giveReached(): void {
    this.holds = true;
    this.#adopted = false;
    this.sure = false;
    this.asking = false;
  }

  /** The peer has acknowledged our Give, or shown that it has the Turn. */
  giveKnown(): void {
    this.sure = true;
  }

  /** The rule of what the peer does with a Turn that is not where it thinks, and why. */
  #misplaced(rule: GradeRule, detail: string): void {
    if (this.#adopted) this.#breaks('recovery-turn', `${detail}: it has not adopted the Turn of our RTORQ`);
    else this.#breaks(rule, detail);
  }

  /** The peer sends a Turn-Please. */
  peerAsks(priority: number): void {
    if (this.holds && this.sure)
      this.#misplaced('please-holder', `the peer asks for the Turn (priority ${priority}), which it holds`);
    else if (this.holds) return;
    else if (this.asking) this.#breaks('please-once', 'the peer asks again before the Turn has come');
    else if (this.giving) this.#breaks('please-once', 'the peer asks before its Give is acknowledged');
    this.asking = true;
  }

  /** The peer sends a Turn-Give. */
  peerGives(): void {
    if (!this.holds) this.#breaks('give-holder', 'the peer gives the Turn, which it does not hold');
    else if (this.sending !== null)
      this.#breaks('give-boundary', `the peer gives the Turn within activity ${this.sending.activity}`);
    else if (this.asked === null) this.#breaks('give-asked', 'the peer gives the Turn, and nobody has asked for it');
    this.holds = false;
    this.#adopted = false;
    this.sure = true;
    this.asked = null;
    this.giving = true;
    this.#knowsPlease = 'no';
  }

  /** The peer sends a segment. */
  peerSends(rttr: Rttr): void {
    const what = `activity ${rttr.activity}, octet ${rttr.offset}`;
    if (!this.holds) {
      this.#misplaced('turn-holder', `the peer transfers (${what}) without the Turn`);
      return;
    }
    this.sure = true;
    if (this.sending === null || this.sending.activity !== rttr.activity) this.#begins(rttr, what);
    const sending = this.sending;
    if (sending === null) return;
    const { length } = rttr.content;
    if (rttr.offset !== sending.next)
      this.#breaks('segments', `the segment begins at octet ${rttr.offset}, and octet ${sending.next} is next (${what})`);
    else if (length > this.checkpointBytes)
      this.#breaks('segments', `a segment of ${length} octets; the checkpoint size is ${this.checkpointBytes}`);
    else if (rttr.last && rttr.offset + length !== sending.size)
      this.#breaks('segments', `the last segment ends at octet ${rttr.offset + length} of ${sending.size}`);
    sending.next = rttr.offset + length;
    sending.unconfirmed += 1;
    if (sending.unconfirmed > this.windowSize)
      this.#breaks('segments', `${sending.unconfirmed} segments are unconfirmed; the window size is ${this.windowSize}`);
  }

  #begins({ activity, offset, start }: Rttr, what: string): void {
    if (this.sending !== null)
      this.#breaks('one-activity', `activity ${activity} begins before activity ${this.sending.activity} is confirmed`);
    if (start === undefined) {
      this.#breaks('segments', `the activity begins without its envelope (${what})`);
      return;
    }
    if (offset > (this.#known.confirmed.get(activity) ?? 0))
      this.#breaks('segments', `the activity resumes at octet ${offset}, which was not confirmed (${what})`);
    this.#checkPlease(start.priority);
    this.sending = { activity, next: offset, confirmed: offset, size: start.sizeBytes, unconfirmed: 0 };
  }

  #checkPlease(priority: Priority): void {
    if (this.asked === null) return;
    this.#begunSinceAsked += 1;
    if (this.#begunSinceAsked > turnRequestThreshold + 1)
      this.#breaks('gives-turn', `transfer ${this.#begunSinceAsked} since our Turn-Please begins`);
    if (this.#knowsPlease === 'sure' && this.asked > 0 && turnPriority[priority] > this.asked)
      this.#breaks('please-priority', `the peer begins a transfer of priority ${priority}; we asked with priority ${this.asked}`);
  }

  /** Our answer to a segment has reached the peer. */
  answerReached(answer: { readonly kind: string; readonly activity: number } | Confirm): void {
    const sending = this.sending;
    if (sending === null || sending.activity !== answer.activity) return;
    sending.unconfirmed -= 1;
    const isConfirm = 'upTo' in answer;
    if (isConfirm) this.#known.confirmed.set(answer.activity, answer.upTo);
    else this.#known.confirmed.delete(answer.activity);
    if (isConfirm && !answer.stored) return;
    this.sending = null;
    if (this.#knowsPlease === 'noted') this.#knowsPlease = 'sure';
  }

  /** A segment of ours has reached the peer. */
  segmentReached({ activity, last }: Rttr): void {
    if (last && !this.#known.whole.has(activity)) this.#known.whole.set(activity, this.#place);
  }

  /** The peer refuses an activity of ours: if it comes again, the peer may know it. */
  peerRefuses(activity: number): void {
    if (this.#known.whole.has(activity)) this.#known.whole.set(activity, 'refused');
  }

  get #place(): string {
    return `${this.name} ${this.recovery}`;
  }

  /** The peer answers a segment of ours with a confirmation. */
  peerConfirms(confirm: Confirm, rttr: Rttr): void {
    const upTo = rttr.offset + rttr.content.length;
    const what = `the peer confirms ${confirm.upTo} octets of activity ${confirm.activity}${confirm.stored ? ' as stored' : ''}`;
    if (confirm.activity !== rttr.activity)
      this.#breaks('confirm-whole', `${what}; the segment was of activity ${rttr.activity}`);
    else if (confirm.stored && !rttr.last && (this.#known.whole.get(confirm.activity) ?? this.#place) === this.#place)
      this.#breaks('confirm-whole', `${what}; ${upTo} have been sent, and they are not the last`);
    else if (!confirm.stored && confirm.upTo > upTo) this.#breaks('confirm-whole', `${what}; ${upTo} have been sent`);
  }
}
