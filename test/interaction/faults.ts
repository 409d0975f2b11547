/** The faults of a story: cut connections, hold or swallow frames, and forge APDUs. */
import {
  type BindPdu,
  findRow,
  kindsIn,
  ltabOf,
  type Mta,
  opnumOf,
  rowsIn,
  type SendApdu,
  type X400Frame,
} from '@mtalab/mta-core';
import { type Carried, directions, receiverOf, senderOf, type Wire } from '../support/pure-wire.js';
import type { PureLab, Sent } from '../support/purelab.js';
import type { Printer } from './printer.js';
import type { Words } from './words.js';

type Armed = {
  readonly text: string;
  readonly act: 'cut-before' | 'cut-after' | 'hold';
  readonly kind: string;
  readonly from: string | undefined;
  /** Number of further frames of this kind that may pass. */
  left: number;
  readonly unnoticedBy: string | undefined;
};

export class Faults {
  readonly #lab: PureLab;
  readonly #printer: Printer;
  #armed: Armed[] = [];
  #swallowed: { readonly kind: string; readonly from: string | undefined }[] = [];
  #refusedBinds = new Set<string>();
  #nextCall = 9001;

  constructor(lab: PureLab, printer: Printer) {
    this.#lab = lab;
    this.#printer = printer;
    lab.hooks.onFrame = (sent) => {
      const passes = this.#passes(sent);
      if (passes) printer.arriving(sent);
      return passes;
    };
    lab.hooks.onTaken = (sent) => {
      printer.taken(sent);
      this.#taken(sent);
    };
  }

  /** Requested faults that have not happened. */
  get unreached(): readonly string[] {
    return this.#armed.map((fault) => fault.text);
  }

  /** `before turn-give 1 from A unnoticed B`, `after ...`, or nothing: cut everything now. */
  cut(words: Words): void {
    const unnoticedBy = words.after('unnoticed');
    const from = words.after('from');
    const when = words.bare.shift();
    if (when === undefined) return this.#cutNow(this.#lab.wires, 'cut', unnoticedBy);
    if (when !== 'before' && when !== 'after') throw new Error(`cut before or after, not ${when}`);
    this.#arm(`cut-${when}`, words, from, unnoticedBy);
  }

  hold(words: Words): void {
    const from = words.after('from');
    this.#arm('hold', words, from, undefined);
  }

  #arm(act: Armed['act'], words: Words, from: string | undefined, unnoticedBy: string | undefined): void {
    const kind = words.take('the kind of frame');
    const count = Number(words.bare.shift() ?? 1);
    const text = `${act.replace('-', ' ')} ${kind} ${count}${from === undefined ? '' : ` from ${from}`}`;
    this.#armed.push({ text, act, kind, from, left: count, unnoticedBy });
  }

  release(): void {
    for (const wire of this.#lab.wires) wire.held.clear();
  }

  swallow(words: Words): void {
    const from = words.after('from');
    this.#swallowed.push({ from, kind: words.take('the kind of frame') });
  }

  /** Answers data binds to this MTA with bind_nak 0. */
  refuseBinds(node: string): void {
    this.#refusedBinds.add(node);
  }

  /** Ends swallowing and refused binds. */
  flow(): void {
    this.#swallowed = [];
    this.#refusedBinds.clear();
  }

  /** @returns false if the frame does not continue. */
  #passes(sent: Sent): boolean {
    const kinds = kindsIn(sent.frame);
    if (this.#swallowed.some(({ kind, from }) => kinds.includes(kind) && (from === undefined || from === sent.from))) {
      this.#printer.stopped(sent, 'swallowed');
      return false;
    }
    if (this.#refusedBinds.has(sent.to) && kinds.includes('data-bind')) return this.#refuseBind(sent, sent.pdu as BindPdu);
    for (const fault of this.#armed.filter((each) => kinds.includes(each.kind) && (each.from ?? sent.from) === sent.from)) {
      if (fault.left > 1) {
        fault.left -= 1;
      } else if (fault.act === 'cut-before') {
        this.#done(fault);
        this.#printer.stopped(sent, 'lost');
        this.#cutNow(this.#relatedTo(sent.wire), fault.text, fault.unnoticedBy);
        return false;
      } else if (fault.act === 'hold') {
        this.#done(fault);
        return this.#holdBack(sent);
      } else {
        fault.left = 0;
      }
    }
    return true;
  }

  #taken(sent: Sent): void {
    const due = this.#armed.find((fault) => fault.act === 'cut-after' && fault.left === 0);
    if (due === undefined) return;
    this.#done(due);
    this.#cutNow(this.#relatedTo(sent.wire), due.text, due.unnoticedBy);
  }

  #done(fault: Armed): void {
    this.#armed = this.#armed.filter((each) => each !== fault);
  }

  #holdBack(sent: Sent): boolean {
    const direction = directions.find((each) => receiverOf(sent.wire, each).node === sent.to) ?? 'toServer';
    sent.wire.held.add(direction);
    sent.wire[direction].unshift({ type: 'frame', frame: sent.frame, order: 0 });
    this.#printer.stopped(sent, 'held');
    return false;
  }

  #refuseBind(sent: Sent, bind: BindPdu): boolean {
    const direction = directions.find((each) => senderOf(sent.wire, each).node === sent.to) ?? 'toClient';
    this.#printer.stopped(sent, 'refused');
    this.#lab.injectPdu(sent.wire, direction, { type: 'bind_nak', call: bind.call, reason: 0 });
    return false;
  }

  /** All connections of the association of this connection. */
  #relatedTo(wire: Wire): readonly Wire[] {
    const name = this.#printer.associationOf(wire);
    if (name === undefined) return [wire];
    return this.#lab.wires.filter((each) => each === wire || this.#printer.associationOf(each) === name);
  }

  #cutNow(wires: readonly Wire[], text: string, unnoticedBy: string | undefined): void {
    const cut = [...wires];
    const what = cut.length === 0 ? 'nothing' : cut.map((wire) => `#${wire.id}`).join(' ');
    this.#printer.say(`-- ${text}: ${what}${unnoticedBy === undefined ? '' : `, unnoticed by ${unnoticedBy}`}`);
    for (const wire of cut) this.#lab.cutWire(wire, unnoticedBy ?? null);
  }

  /** `A rttr activity=9 offset=0 length=10 last size=10`: sends an APDU in the name of A, on the connection of A's own APDUs. */
  say(name: string, words: Words): void {
    const mta = this.#lab.mta(name);
    const said = words.after('on');
    const open = ltabOf(mta).flatMap((entry) => entry.associations);
    const conn = open
      .filter((association) => said === undefined || association.name === said)
      .map(({ id }) => sendingConnection(mta, id))
      .find((each) => each !== null);
    const wire = conn === undefined ? undefined : this.#lab.wireOf(name, conn);
    if (wire === undefined) throw new Error(`${name} has no connection to send on`);
    this.#lab.inject(wire, wire.client.node === name ? 'toServer' : 'toClient', this.#carried(wire, apduOf(words)));
  }

  #carried({ link }: Wire, apdu: SendApdu): Carried {
    const number = this.#nextCall;
    this.#nextCall += 1;
    if (link === 'memory') return { link, frame: { type: 'apdu', serial: number, apdu, settled: [] } };
    if (link === 'x400') return { link, frame: sessionFrame(apdu) };
    const body = { op: 'MtaSend', apdu, settled: [] } as const;
    return { link, frame: { type: 'request', call: number, context: 0, opnum: opnumOf.MtaSend, body } };
  }
}

/** The connection on which an MTA sends the APDUs of an association; null while it has none. */
function sendingConnection({ rpc, x400, memory }: Mta, association: number): number | null {
  const data = findRow(rpc.carriers, association)?.ownData;
  if (data?.state === 'bound') return data.conn;
  const session = [...rowsIn(x400.connections), ...rowsIn(memory.connections)];
  return session.find(({ owner, phase }) => owner?.association === association && phase === 'up')?.id ?? null;
}

/** The frame of the X.400 connector for an APDU that is not part of a transfer. */
function sessionFrame(apdu: SendApdu): X400Frame {
  switch (apdu.kind) {
    case 'turn-please':
      return { type: 'please-tokens', priority: apdu.priority };
    case 'turn-give':
      return { type: 'give-tokens-confirm' };
    case 'rtab':
      return { type: 'abort', reason: apdu.reason };
    default:
      throw new Error(`a ${apdu.kind} cannot be said on the X.400 connector`);
  }
}

function apduOf(words: Words): SendApdu {
  const kind = words.take('the APDU');
  if (kind === 'turn-please') return { kind, priority: words.number('priority', 2) };
  if (kind === 'turn-give') return { kind };
  if (kind === 'rtab') return { kind, reason: 'userError' };
  if (kind !== 'rttr') throw new Error(`no APDU ${kind} can be said`);
  const size = words.named.get('size');
  const envelope = {
    mtsId: 'c=lab;mta=X;1-1',
    originator: 'x@x.example',
    priority: 'normal',
    contentType: 'message/rfc822',
    submittedAtMs: 0,
    sizeBytes: Number(size),
    digest: '',
    trace: [],
    recipients: [words.named.get('to') ?? 'x@b.example'],
  } as const;
  return {
    kind,
    activity: words.number('activity', 1),
    offset: words.number('offset', 0),
    content: { length: words.number('length', 0) },
    last: words.has('last'),
    ...(size === undefined ? {} : { start: envelope }),
  };
}
