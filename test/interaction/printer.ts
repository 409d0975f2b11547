/** How a story is told: one line for each thing that happens, in words that stay the same from run to run. */
import { type Association, believes, describeFrame, findRow, ltabOf, type ReportedEvent, shownState } from '@mtalab/mta-core';
import type { Dialled } from '../support/pure-types.js';
import type { Wire } from '../support/pure-wire.js';
import type { Delivery, PureLab, Sent, Submitted } from '../support/purelab.js';
import { usualAddress } from '../support/purelab.js';
import { carriesApdu } from './words.js';

/** How much is told: every frame, only those with APDUs, only what becomes of the mail, or nothing. */
export const levels = ['pdus', 'apdus', 'outcomes', 'nothing'] as const;
export type Level = (typeof levels)[number];

/** Events every story would be full of. */
const untold: readonly number[] = [271, 272, 9298];

const turnWords: Readonly<Record<Association['turn'], string>> = {
  held: 'mine',
  'asked-of': 'mine, asked',
  given: 'theirs, given',
  theirs: 'theirs',
  asking: 'theirs, asking',
};

/** `A mine`: what an MTA believes about the Turn, and the state when it is not open. */
function beliefOf(name: string, side: { readonly association: Association; readonly state: string } | undefined): string {
  if (side === undefined) return `${name} -`;
  const { association } = side;
  const state = side.state === 'open' ? '' : `${side.state}, `;
  return `${name} ${state}${turnWords[association.turn]}`;
}

/** Both sides of an association, by its name. */
export function sidesOf(
  lab: PureLab,
  name: string,
): { readonly node: string; readonly association: Association; readonly state: string }[] {
  return [...lab.nodes.values()]
    .filter((node) => node.up)
    .flatMap(({ name: node, mta }) =>
      ltabOf(mta).flatMap((entry) =>
        entry.associations.map((association) => ({ node, association, state: shownState(mta, entry, association) })),
      ),
    )
    .filter(({ association }) => association.name === name);
}

/** The names of all associations, in the order of their opening at each MTA. */
export function associationNames(lab: PureLab): string[] {
  const names = new Set<string>();
  for (const node of lab.nodes.values()) {
    if (node.up) for (const entry of ltabOf(node.mta)) for (const association of entry.associations) names.add(association.name);
  }
  return [...names];
}

/** Who may send on an association: a name, `nobody`, or both. */
export function holderOf(lab: PureLab, name: string): string {
  const holders = sidesOf(lab, name).filter(
    ({ association }) => association.state === 'open' && believes(association.turn) === 'mine',
  );
  return holders.map(({ node }) => node).join(' and ') || 'nobody';
}

/** `m1 m2 m3` as `m1..m3`. */
export function ranges(names: readonly string[]): string {
  const parts: string[] = [];
  for (let from = 0; from < names.length; ) {
    let to = from;
    while (to + 1 < names.length && numberIn(names[to + 1]) === numberIn(names[to]) + 1) to += 1;
    if (to > from + 1) parts.push(`${names[from]}..${names[to]}`);
    else parts.push(...names.slice(from, to + 1));
    from = to + 1;
  }
  return parts.join(' ');
}

function numberIn(name: string | undefined): number {
  return /^m\d+$/.test(name ?? '') ? Number((name as string).slice(1)) : Number.NaN;
}

/** A frame's line stands before what follows from it, but the beliefs it ends with are those after it was taken. */
type Slot = { text: string };
type Line = { readonly head: string; readonly names: string[]; readonly tail: string };

function levelOf(sent: Sent): Level {
  return carriesApdu(sent.frame) ? 'apdus' : 'pdus';
}

function lineOf({ head, names, tail }: Line): string {
  return `${head}${ranges(names)}${tail}`;
}

/** `A dials B at ::1 from 127.0.0.2: EINVAL`; addresses only where they are not the usual one. */
function dialLine({ link, from, to, host, localAddress, wire, osError }: Dialled): string {
  const at = link === 'memory' || host === usualAddress ? '' : ` at ${host}`;
  const local = localAddress === undefined || localAddress === usualAddress ? '' : ` from ${localAddress}`;
  const outcome = wire !== null ? `#${wire.id}` : osError === 'ECONNREFUSED' ? 'unreachable' : osError;
  return `${from} dials ${to ?? 'nobody'}${at}${local}: ${outcome}`;
}

export class Printer {
  level: Level = 'pdus';
  readonly #lab: PureLab;
  #lines: (string | Slot | Line)[] = [];
  #slot: Slot | null = null;
  #toldMs = 0;
  /** Which association a connection belongs to, once that is known. */
  readonly #associations = new Map<number, string>();
  /** Names of messages by MTS identifier. */
  readonly names = new Map<string, string>();

  constructor(lab: PureLab) {
    this.#lab = lab;
    lab.hooks.onEvent = (node, event) => this.event(node, event);
    lab.hooks.onDial = (dialled) => this.#tell('pdus', dialLine(dialled));
    lab.hooks.onEnd = (wire, by) => this.#tell('pdus', `${by} closes #${wire.id}`);
    lab.hooks.onDelivery = (delivery) => this.#delivery(delivery);
    lab.hooks.onSubmitted = (submitted) => this.#submitted(submitted);
    lab.hooks.onRefused = ({ node, submissionId, reason }) =>
      this.#tell('outcomes', `${node} refuses ${submissionId}: ${reason}`);
    lab.hooks.onHalt = (node, clean, code) => this.#tell('outcomes', `${node} ends${clean ? ' in order' : ` with code ${code}`}`);
  }

  /** What was told since the last time. */
  take(): string[] {
    const lines = this.#lines.map((line) =>
      this.#withNames(typeof line === 'string' ? line : 'text' in line ? line.text : lineOf(line)),
    );
    this.#lines = [];
    return lines;
  }

  /** Messages by the names they were submitted under, also where an event came before the acceptance. */
  #withNames(line: string): string {
    return line.replace(/c=lab;mta=[^;]+;\d+-\d+/g, (mtsId) => this.#named(mtsId));
  }

  /** Tell something, whatever the level. */
  say(line: string): void {
    this.#clock();
    this.#lines.push(line);
  }

  #tell(level: Level, line: string): void {
    if (this.#tells(level)) this.say(line);
  }

  #tells(level: Level): boolean {
    return levels.indexOf(level) >= levels.indexOf(this.level);
  }

  /** The time, whenever it has moved on since something was told. */
  #clock(): void {
    if (this.#lab.nowMs === this.#toldMs) return;
    this.#toldMs = this.#lab.nowMs;
    this.#lines.push(`-- at ${this.#toldMs / 1000} s`);
  }

  /** A frame is about to be taken. */
  arriving(sent: Sent): void {
    if (!this.#tells(levelOf(sent))) return;
    this.#clock();
    this.#slot = { text: `${sent.from}>${sent.to} #${sent.wire.id} ${describeFrame(sent.frame)}` };
    this.#lines.push(this.#slot);
  }

  /** It was taken: what do both sides believe now? */
  taken(sent: Sent): void {
    const association = this.associationOf(sent.wire);
    if (this.#slot !== null && association !== undefined) this.#slot.text += `  [${association}: ${this.beliefs(association)}]`;
    this.#slot = null;
  }

  /** A frame goes no further. */
  stopped(sent: Sent, fate: string): void {
    if (this.#tells(levelOf(sent))) this.say(`${sent.from}>${sent.to} #${sent.wire.id} ${describeFrame(sent.frame)}  (${fate})`);
  }

  beliefs(association: string): string {
    const sides = sidesOf(this.#lab, association);
    const names = [...this.#lab.nodes.keys()].filter((name) => this.#concerns(association, name, sides));
    return names
      .map((name) =>
        beliefOf(
          name,
          sides.find((side) => side.node === name),
        ),
      )
      .join('; ');
  }

  /** In a lab of two both sides are told of, even if one does not know the association (any more). */
  #concerns(association: string, name: string, sides: readonly { readonly node: string }[]): boolean {
    return this.#lab.nodes.size === 2 || association.startsWith(`${name}/`) || sides.some((side) => side.node === name);
  }

  /** The association that a connection belongs to, as far as one of its ends knows. */
  associationOf(wire: Wire): string | undefined {
    for (const end of [wire.client, wire.server]) {
      const node = this.#lab.node(end.node);
      if (!node.up || node.store.incarnation !== end.incarnation) continue;
      const { rpc, memory } = node.mta;
      const connection = wire.link === 'rpc' ? findRow(rpc.connections, end.conn) : findRow(memory.connections, end.conn);
      const owner = connection?.owner;
      if (owner === undefined || owner === null) continue;
      const entry = ltabOf(node.mta)[owner.entry - 1];
      const found = entry?.associations.find((association) => association.id === owner.association);
      if (found !== undefined) this.#associations.set(wire.id, found.name);
    }
    return this.#associations.get(wire.id);
  }

  event(node: string, event: ReportedEvent): void {
    if (untold.includes(event.id)) return;
    const params = Object.entries(event.params).map(([name, value]) => `${name}=${value}`);
    this.#tell('outcomes', [`${node} logs ${event.id}`, ...params].join(' '));
  }

  /** A message by the name it was submitted under. */
  #named(mtsId: string): string {
    const facts = this.#lab.reports.get(mtsId);
    if (facts !== undefined) return `report(${this.#named(facts.subject.mtsId)})`;
    return this.names.get(mtsId) ?? mtsId;
  }

  nameOf(mtsId: string): string {
    return this.#named(mtsId);
  }

  #delivery({ node, mailbox, mtsId }: Delivery): void {
    const facts = this.#lab.reports.get(mtsId);
    const about = facts === undefined ? '' : ` (${facts.diagnostic}${facts.outcomeUnknown ? ', outcome unknown' : ''})`;
    const tail = `${about} ${mailbox === 'dead-letter' ? 'to the dead letters' : `to ${mailbox}`}`;
    this.#gather(`${node} delivers `, this.#named(mtsId), tail);
  }

  #submitted({ node, submissionId, mtsId, known }: Submitted): void {
    if (!known) this.names.set(mtsId, submissionId);
    this.#gather(`${node} accepts `, submissionId, known ? ` (known as ${this.#named(mtsId)})` : '');
  }

  /** Lines that differ in nothing but the message are told as one. */
  #gather(head: string, name: string, tail: string): void {
    if (!this.#tells('outcomes')) return;
    this.#clock();
    const last = this.#lines.at(-1);
    if (typeof last === 'object' && 'names' in last && last.head === head && last.tail === tail) last.names.push(name);
    else this.#lines.push({ head, names: [name], tail });
  }
}
