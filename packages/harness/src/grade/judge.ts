/** Judges the peer by the PDUs on the link and by what is delivered. It keeps the first breach. */
import { faultStatus, isMtaBody, type RequestPdu, type ResponsePdu, type RpcArgument, type RpcResult } from '@mtalab/mta-core';
import type { LinkPdu } from '@mtalab/trace';
import { AssociationWatch, type KnownTransfers } from './association-watch.js';
import { OpenCalls } from './calls.js';
import type { Breach } from './rules.js';
import { gradedName, graderName, type ScheduledMessage } from './schedule.js';

/** Faults that a keeping peer can meet: a call of before a loss, or the limit of calls. */
const harmless: ReadonlySet<number> = new Set([faultStatus.cancelled, faultStatus.serverTooBusy, faultStatus.noCallActive]);

export class Judge {
  /** The first breach. */
  breach: Breach | null = null;
  readonly associations = new Map<string, AssociationWatch>();
  readonly #calls = new OpenCalls();
  readonly #seen = new Set<number>();
  readonly #known: KnownTransfers = { confirmed: new Map(), whole: new Map() };
  /** MTS identifiers by sender and activity. */
  readonly #messageOf = new Map<string, string>();
  /** Messages whose confirmation has reached their sender. */
  readonly #confirmed = new Set<string>();
  readonly #delivered = new Map<string, number>();
  readonly #ours = new Map<string, string>();
  readonly #messages: readonly ScheduledMessage[];

  constructor(messages: readonly ScheduledMessage[]) {
    this.#messages = messages;
  }

  /** Keep a breach, if it is the first. */
  readonly breaks = (breach: Breach): void => {
    this.breach ??= breach;
  };

  /** A message of ours has this MTS identifier. */
  submitted(id: string, mtsId: string): void {
    this.#ours.set(mtsId, id);
  }

  /** A message is in a mailbox of `at`. */
  delivered(at: string, mtsId: string): void {
    const id = at === gradedName ? this.#ours.get(mtsId) : mtsId;
    const known = this.#messages.find((message) => message.id === id && message.from !== at);
    if (id === undefined || known === undefined) {
      this.breaks({ rule: 'nothing-lost', detail: `${at} delivered ${mtsId}, which nobody sent to it`, association: null });
      return;
    }
    const count = (this.#delivered.get(id) ?? 0) + 1;
    this.#delivered.set(id, count);
    if (count > 1) this.breaks({ rule: 'no-duplicate', detail: `${at} delivered ${id} ${count} times`, association: null });
  }

  /** Messages that were delivered. */
  get deliveries(): number {
    return this.#delivered.size;
  }

  /** Messages that are not delivered. */
  get missing(): readonly ScheduledMessage[] {
    return this.#messages.filter(({ id }) => !this.#delivered.has(id));
  }

  /** Has every message been delivered and confirmed? */
  get complete(): boolean {
    return this.#messages.every(({ id }) => this.#delivered.has(id) && this.#confirmed.has(id));
  }

  /** A PDU, or a further report of it. */
  pdu(pdu: LinkPdu): void {
    if (pdu.link !== 'rpc') return;
    const isNew = !this.#seen.has(pdu.seq);
    this.#seen.add(pdu.seq);
    const { frame } = pdu;
    if (frame.type === 'request') this.#request(pdu, frame, isNew);
    else if (frame.type === 'response') this.#response(pdu, frame, isNew);
    else if (frame.type === 'fault' && isNew) {
      const request = this.#calls.answered(pdu, frame.call);
      if (harmless.has(frame.status)) return;
      const status = frame.status.toString(16).padStart(8, '0');
      const what = request === undefined ? 'a PDU' : `call ${frame.call}`;
      this.breaks({
        rule: 'wire-format',
        detail: `${pdu.from} answers ${what} of ${pdu.to} with fault ${status}`,
        association: pdu.association,
      });
    }
  }

  #request(pdu: LinkPdu, frame: RequestPdu, isNew: boolean): void {
    const { body } = frame;
    const fromPeer = pdu.to === graderName;
    if (isNew && !this.#calls.asked(pdu, frame) && fromPeer)
      this.breaks({ rule: 'call-id', detail: `call ${frame.call} has the id of an open call`, association: pdu.association });
    if (body.op === 'bad' || body.op === 'unread') {
      const why = body.op === 'bad' ? body.detail : `operation ${frame.opnum} is not known`;
      if (fromPeer) this.breaks({ rule: 'wire-format', detail: `call ${frame.call}: ${why}`, association: pdu.association });
      return;
    }
    if (!isMtaBody(body)) return;
    if ('from' in body && fromPeer && body.from.mtaName !== gradedName)
      this.breaks({ rule: 'opens', detail: `the peer calls itself ${body.from.mtaName}`, association: body.association });
    if (body.op === 'MtaBind' && isNew) this.#bind(fromPeer, body);
    if (body.op !== 'MtaSend') return;
    const watch = this.#watchOf(pdu);
    if (watch === undefined) return;
    const { apdu } = body;
    if (apdu.kind === 'rttr' && apdu.start !== undefined) this.#messageOf.set(`${pdu.from} ${apdu.activity}`, apdu.start.mtsId);
    if (!fromPeer) this.#ourSend(watch, body, pdu.fate === 'passed');
    else if (isNew) this.#peerSend(watch, body);
  }

  #watchOf(pdu: LinkPdu): AssociationWatch | undefined {
    return pdu.association === null ? undefined : this.associations.get(pdu.association);
  }

  #bind(fromPeer: boolean, { association, rtorq }: Extract<RpcArgument, { readonly op: 'MtaBind' }>): void {
    let watch = this.associations.get(association);
    if (watch === undefined) {
      watch = new AssociationWatch(association, fromPeer, this.#known, this.breaks);
      this.associations.set(association, watch);
    }
    watch.called(fromPeer, rtorq);
  }

  #ourSend(watch: AssociationWatch, { apdu }: Extract<RpcArgument, { readonly op: 'MtaSend' }>, hasReached: boolean): void {
    if (apdu.kind === 'rtab' && apdu.reason === 'protocolError') {
      const detail =
        'our MTA aborts the association (protocolError): what the peer sent does not fit the state of the association';
      this.breaks({ rule: 'abort', detail, association: watch.name });
    }
    if (!hasReached) return;
    if (apdu.kind === 'turn-please') watch.pleaseReached(apdu.priority);
    else if (apdu.kind === 'turn-give') watch.giveReached();
    else if (apdu.kind === 'rttr') watch.segmentReached(apdu);
  }

  #peerSend(watch: AssociationWatch, { apdu }: Extract<RpcArgument, { readonly op: 'MtaSend' }>): void {
    switch (apdu.kind) {
      case 'turn-please':
        watch.peerAsks(apdu.priority);
        break;
      case 'turn-give':
        watch.peerGives();
        break;
      case 'rttr':
        watch.peerSends(apdu);
        break;
      case 'rtab':
        this.breaks({ rule: 'abort', detail: `the peer aborts the association (${apdu.reason})`, association: watch.name });
    }
  }

  #response(pdu: LinkPdu, frame: ResponsePdu, isNew: boolean): void {
    const fromPeer = pdu.to === graderName;
    const known = isNew ? this.#calls.answered(pdu, frame.call) : undefined;
    if (known !== undefined) this.#requestOf.set(pdu.seq, known);
    const request = this.#requestOf.get(pdu.seq);
    const { body } = frame;
    if (request === undefined) {
      if (fromPeer)
        this.breaks({ rule: 'call-id', detail: `answer ${frame.call} answers no open call`, association: pdu.association });
      return;
    }
    if (body.op === 'bad') {
      if (fromPeer)
        this.breaks({ rule: 'wire-format', detail: `answer ${frame.call}: ${body.detail}`, association: pdu.association });
      return;
    }
    if (!isMtaBody(body) || !isMtaBody(request.body as { readonly op: string })) return;
    const asked = request.body as RpcArgument;
    if (pdu.fate === 'passed') this.#noteConfirmed(pdu.to, body);
    if (fromPeer && isNew) this.#peerAnswers(pdu, asked, body);
    else if (!fromPeer && pdu.fate === 'passed') this.#answerReached(pdu, asked, body);
  }

  readonly #requestOf = new Map<number, RequestPdu>();

  #peerAnswers(pdu: LinkPdu, asked: RpcArgument, answer: RpcResult): void {
    if (asked.op === 'MtaBind' && answer.op === 'MtaBind') {
      const { association } = asked;
      const watch = this.associations.get(association);
      if (answer.apdu.kind === 'rtoac' && watch?.state !== 'open')
        this.breaks({
          rule: 'bind-back',
          detail: `the peer accepts ${association}, and its MtaBindBack is not answered`,
          association,
        });
      if (answer.apdu.kind === 'rtorj' && asked.rtorq.recovery === 0 && answer.apdu.reason !== 'rtsBusy')
        this.breaks({ rule: 'accepts', detail: `the peer refuses ${association} (${answer.apdu.reason})`, association });
    }
    const watch = this.#watchOf(pdu);
    if (watch === undefined || asked.op !== 'MtaSend' || answer.op !== 'MtaSend') return;
    const { apdu } = answer;
    if (apdu.kind === 'please-noted') watch.pleaseNoted();
    else if (apdu.kind === 'turn-give-ack') watch.giveKnown();
    else if (apdu.kind === 'refuse') watch.peerRefuses(apdu.activity);
    else if (apdu.kind === 'confirm' && asked.apdu.kind === 'rttr') watch.peerConfirms(apdu, asked.apdu);
  }

  #answerReached(pdu: LinkPdu, asked: RpcArgument, answer: RpcResult): void {
    if (asked.op === 'MtaBind' && answer.op === 'MtaBind' && answer.apdu.kind === 'rtoac') {
      this.associations.get(asked.association)?.opened(answer.apdu.checkpointSizeK, answer.apdu.windowSize);
      return;
    }
    if (asked.op === 'MtaBind' && answer.op === 'MtaBind' && answer.apdu.kind === 'rtorj') {
      const { association } = asked;
      if (answer.apdu.reason === 'validationFailure' || answer.apdu.reason === 'unacceptableDialogueMode')
        this.breaks({ rule: 'opens', detail: `our MTA refuses the opening (${answer.apdu.reason})`, association });
      return;
    }
    if (asked.op === 'MtaBindBack' && answer.op === 'MtaBindBack' && answer.accepted) {
      const watch = this.associations.get(asked.association);
      if (watch?.byPeer === false && watch.recovery === asked.recovery) watch.openedByUs();
      return;
    }
    const watch = this.#watchOf(pdu);
    if (watch === undefined || asked.op !== 'MtaSend' || answer.op !== 'MtaSend') return;
    const { apdu } = answer;
    if (apdu.kind === 'turn-give-ack') watch.giving = false;
    if (apdu.kind !== 'confirm' && apdu.kind !== 'refuse') return;
    watch.answerReached(apdu);
  }

  #noteConfirmed(sender: string, answer: RpcResult): void {
    if (answer.op !== 'MtaSend' || answer.apdu.kind !== 'confirm' || !answer.apdu.stored) return;
    const mtsId = this.#messageOf.get(`${sender} ${answer.apdu.activity}`);
    const id = mtsId === undefined || sender === gradedName ? mtsId : this.#ours.get(mtsId);
    if (id !== undefined) this.#confirmed.add(id);
  }

  /** Has a transfer of this message of the peer begun? */
  hasBegun(id: string): boolean {
    return [...this.#messageOf].some(([key, mtsId]) => mtsId === id && key.startsWith(`${gradedName} `));
  }
}
