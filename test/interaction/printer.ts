/** Prints a story: one line for each event, with the same words in every run. */
import {
  type Association,
  believes,
  describeFrame,
  ltabOf,
  ownerOfConnection,
  type ReportedEvent,
  shownState,
} from '@mtalab/mta-core';
import type { Dialled } from '../support/pure-types.js';
import type { Wire } from '../support/pure-wire.js';
import type { Delivery, PureLab, Sent, Submitted } from '../support/purelab.js';
import { usualAddress } from '../support/purelab.js';
import { carriesApdu } from './words.js';

/** The levels of detail: every frame, only frames with APDUs, only the fate of the mail, or nothing. */
export const levels = ['pdus', 'apdus', 'outcomes', 'nothing'] as const;
export type Level = (typeof levels)[number];

/** Events too frequent to print. */
const untold: readonly number[] = [271, 272, 9298];

const turnWords: Readonly<Record<Association['turn'], string>> = {
  held: 'mine',
  'asked-of': 'mine, asked',
  given: 'theirs, given',
  theirs: 'theirs',
  asking: 'theirs, asking',
};

/** `A mine`: the belief of an MTA about the Turn, and the state of the association if it is not open. */
function beliefOf(name: string, side: { readonly association: Association; readonly state: string } | undefined): string {
  if (side === undefined) return `${name} -`;
  const { association } = side;
  const state = side.state === 'open' ? '' : `${side.state}, `;
  return `${name} ${state}${turnWords[association.turn]}`;
}

/** Both sides of an association, by name. */
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

/** The line of a frame precedes its consequences, but the beliefs at its end are those after its receipt. */
type Slot = { text: string };
type Line = { readonly head: string; readonly names: string[]; readonly tail: string };

function levelOf(sent: Sent): Level {
  return carriesApdu(sent.frame) ? 'apdus' : 'pdus';
}

function lineOf({ head, names, tail }: Line): string {
  return `${head}${ranges(names)}${tail}`;
}

/** `A dials B at ::1 from 127.0.0.2: EINVAL`; omits the usual address. */
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
  /** The association of each connection, once known. */
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

  /** Lines since the last call. */
  take(): string[] {
    const lines = this.#lines.map((line) =>
      this.#withNames(typeof line === 'string' ? line : 'text' in line ? line.text : lineOf(line)),
    );
    this.#lines = [];
    return lines;
  }

  /** Names messages as submitted, even if an event comes before the acceptance. */
  #withNames(line: string): string {
    return line.replace(/c=lab;mta=[^;]+;\d+-\d+/g, (mtsId) => this.#named(mtsId));
  }

  /** Prints a line at any level. */
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

  /** Prints the time if it has advanced since the last line. */
  #clock(): void {
    if (this.#lab.nowMs === this.#toldMs) return;
    this.#toldMs = this.#lab.nowMs;
    this.#lines.push(`-- at ${this.#toldMs / 1000} s`);
  }

  /** Called before the receiver takes a frame. */
  arriving(sent: Sent): void {
    if (!this.#tells(levelOf(sent))) return;
    this.#clock();
    this.#slot = { text: `${sent.from}>${sent.to} #${sent.wire.id} ${describeFrame(sent.frame)}` };
    this.#lines.push(this.#slot);
  }

  /** Called after the receiver has taken a frame: adds the beliefs of both sides. */
  taken(sent: Sent): void {
    const association = this.associationOf(sent.wire);
    if (this.#slot !== null && association !== undefined) this.#slot.text += `  [${association}: ${this.beliefs(association)}]`;
    this.#slot = null;
  }

  /** A frame does not continue. */
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

  /** In a lab of two, prints both sides even if one does not know the association (any more). */
  #concerns(association: string, name: string, sides: readonly { readonly node: string }[]): boolean {
    return this.#lab.nodes.size === 2 || association.startsWith(`${name}/`) || sides.some((side) => side.node === name);
  }

  /** The association of a connection, if one of its ends knows it. */
  associationOf(wire: Wire): string | undefined {
    for (const end of [wire.client, wire.server]) {
      const node = this.#lab.node(end.node);
      if (!node.up || node.store.incarnation !== end.incarnation) continue;
      const owner = ownerOfConnection(node.mta, end.conn);
      if (owner === null) continue;
      const entry = ltabOf(node.mta)[owner.entry - 1];
      const found = entry?.associations.find((association) => association.id === owner.association);
      if (found !== undefined) this.#associations.set(wire.id, found.name);
    }
    return this.#associations.get(wire.id);
  }

  event(node: string, event: ReportedEvent): void {
    if (untold.includes(event.id)) return;
    const params = Object.entries(event.params).map(([name, value]) => `${name}=${value}`);
    this.#tell(
      'outcomes',
      [`${node} logs ${event.id}`, ...(event.side === 'called' ? ['(called side)'] : []), ...params].join(' '),
    );
  }

  /** The name of a message in its submission. */
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

  /** Joins lines that differ only in the message. */
  #gather(head: string, name: string, tail: string): void {
    if (!this.#tells('outcomes')) return;
    this.#clock();
    const last = this.#lines.at(-1);
    if (typeof last === 'object' && 'names' in last && last.head === head && last.tail === tail) last.names.push(name);
    else this.#lines.push({ head, names: [name], tail });
  }
}
