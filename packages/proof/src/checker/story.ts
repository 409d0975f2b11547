/** Prints a counterexample: the moves of the checker as a ladder for people, and as a journal that replays. */
import {
  type Association,
  type BareFrame,
  believes,
  describeCarried,
  describeFrame,
  type Effect,
  findRow,
  ltabOf,
  type Mta,
  type ReportedEvent,
  type SendAnswer,
  type SendApdu,
  type X400Frame,
} from '@mtalab/mta-core';
import type { JournalEntry } from '@mtalab/trace';
import type { ConnectionState, GlobalState, Move, SearchContext, Side } from './global-state.js';
import { after, codeOf, isUrgent, moved, moveOf, movesOf, nameOf, refusalUnit } from './moves.js';
import type { Parcel } from './node-step.js';
import type { CheckBounds, CheckedCore, Counterexample, StoryLine } from './options.js';
import { setUp } from './setup.js';
import { instantOf, type Timer } from './timers.js';

/** An opening or a recovery is one line, written when both sides have completed it. */
type Opening = { readonly association: string; readonly recovery: number };

class Teller {
  readonly #context: SearchContext;
  readonly lines: StoryLine[] = [];
  /** The PDUs that a loss has taken, and the line that shows the loss. */
  readonly #underWay = new Map<unknown, StoryLine>();
  readonly #noted: { readonly at: number; readonly effect: Effect; readonly mta: Mta }[] = [];
  #dropped: { readonly from: number; readonly to: number; readonly parcel: Parcel }[] = [];

  constructor(context: SearchContext) {
    this.#context = context;
    context.dropped = (from, to, parcel) => this.#dropped.push({ from, to, parcel });
  }

  #name(at: number): string {
    return this.#context.steps.configs[at]?.name ?? '';
  }

  #line(after: GlobalState, from: string | null, to: string | null, text: string): StoryLine {
    const line: StoryLine = { from, to, text, lost: false, believes: beliefs(after) };
    this.lines.push(line);
    return line;
  }

  tell(before: GlobalState, move: Move, after: GlobalState, refused: number): void {
    const connection = 'connection' in move ? (before.connections[move.connection] as ConnectionState) : null;
    if (move.kind === 'deliver') this.#delivered(connection as ConnectionState, move.to, before, after);
    else this.#happened(move, connection, before, after);
    if (refused > 0) this.#line(after, null, null, 'the network refuses a dial that follows');
    for (const { from, to, parcel } of this.#dropped.splice(0)) this.#lost(after, from, to, parcel);
    for (const { at, effect, mta } of this.#noted.splice(0)) this.#note(after, at, effect, mta);
    if (after.reported.length > before.reported.length) this.#line(after, null, null, 'the message is reported as not delivered');
  }

  /** Shows actions of the core that no APDU shows. */
  note(at: number, effects: readonly Effect[], mta: Mta): void {
    for (const effect of effects) this.#noted.push({ at, effect, mta });
  }

  #note(after: GlobalState, at: number, effect: Effect, mta: Mta): void {
    const name = this.#name(at);
    if (effect.type === 'frame' && effect.link === 'rpc' && effect.frame.type === 'bind_nak') {
      const peer = findRow(mta.rpc.connections, effect.conn)?.remote;
      if (peer !== undefined) this.#line(after, name, peer, 'bind_nak');
    } else if (effect.type === 'report') {
      const text = eventText(effect.event);
      if (text !== null) this.#line(after, name, null, `${name} logs event ${effect.event.id}: ${text}`);
    } else if (effect.type === 'halt') {
      this.#line(after, name, null, `${name} ends with exit code ${effect.code}`);
    }
  }

  #happened(move: Move, connection: ConnectionState | null, before: GlobalState, after: GlobalState): void {
    switch (move.kind) {
      case 'submit':
        this.#line(after, this.#name(move.at), null, `${this.#name(move.at)} accepts a message for ${this.#farEnd(move.at)}`);
        return;
      case 'lose': {
        const connections = move.connections.map((at) => before.connections[at] as ConnectionState);
        const line = this.#line(after, null, null, `the network loses ${lostWords(connections)}`);
        for (const each of connections)
          for (const item of [...each.toClient, ...each.toServer]) if (item !== null) this.#underWay.set(item, line);
        return;
      }
      case 'refuse':
        this.#line(
          after,
          null,
          null,
          `a dial from ${this.#name((connection as ConnectionState).client)} to ${this.#name((connection as ConnectionState).server)} fails`,
        );
        return;
      case 'listen': {
        const { address = '' } = this.#context.steps.configs[move.at]?.bindings[move.binding] ?? {};
        const can = move.outcome === 'up' ? 'listens on' : 'cannot listen on';
        this.#line(after, this.#name(move.at), null, `${this.#name(move.at)} ${can} ${address}`);
        return;
      }
      case 'cure':
        this.#line(after, this.#name(move.at), null, `the operator of ${this.#name(move.at)} switches the article off`);
        return;
      case 'crash':
        this.#line(after, null, null, `${this.#name(move.at)} crashes and starts again`);
        return;
      case 'timer':
        this.#line(after, this.#name(move.at), null, `${this.#name(move.at)}: ${timerWords[move.timer.kind]}`);
        return;
      default:
        // The next actions of the MTA show that it has noticed a loss; connections and disks are not APDUs.
        return;
    }
  }

  #farEnd(at: number): string {
    const { configs } = this.#context.steps;
    return this.#name(at === 0 ? configs.length - 1 : 0);
  }

  /** Adds a lost PDU to the line of its loss. */
  #lost(after: GlobalState, from: number, to: number, parcel: Parcel): void {
    const text = apduText(parcel.carried);
    if (text === null) return;
    const loss = this.#underWay.get(parcel);
    const line: StoryLine = {
      from: this.#name(from),
      to: this.#name(to),
      text,
      lost: true,
      believes: loss?.believes ?? beliefs(after),
    };
    this.lines.splice(loss === undefined ? this.lines.length : this.lines.indexOf(loss) + 1, 0, line);
  }

  #delivered(connection: ConnectionState, to: Side, before: GlobalState, after: GlobalState): void {
    const item = (to === 'server' ? connection.toServer : connection.toClient)[0];
    const [at, from] = to === 'server' ? [connection.server, connection.client] : [connection.client, connection.server];
    if (item === undefined || item === null) return;
    const text = apduText(item.carried);
    if (text !== null) {
      this.#line(after, this.#name(from), this.#name(at), text);
      return;
    }
    const opened = openedBy(before, after, at);
    if (opened === null || roleAt(after, at, opened.association) !== 'initiator') return;
    const what = opened.recovery === 0 ? 'opens association' : 'recovers association';
    const which = opened.recovery === 0 ? opened.association : `${opened.association} (recovery ${opened.recovery})`;
    this.#line(after, this.#name(at), this.#name(from), `${this.#name(at)} ${what} ${which}`);
  }
}

/** The text of an event that shows an end without an APDU; null for all other events. */
function eventText(event: ReportedEvent): string | null {
  switch (event.id) {
    case 9316:
      return `no data can be sent, Windows NT error ${event.params.ntError}`;
    case 9318:
      return `${event.params.remoteServer} cannot be reached, Windows NT error ${event.params.ntError}`;
    case 9321:
      return `an adapter cannot serve RPC, Windows NT error ${event.params.ntError}`;
    case 1209:
      return `a message goes to control block ${event.params.controlBlock}, which is gone`;
    case 4284:
      return `the attempt to connect has failed, error ${event.params.errorCode}`;
    case 9266:
      return 'it cannot start';
    default:
      return null;
  }
}

const timerWords: Readonly<Record<Timer['kind'], string>> = {
  recovery: 'time for another recovery',
  disconnect: 'Disconnect has passed, the lost association is given up',
  lifetime: 'Lifetime has passed, the association may close',
  'open-retry': 'the Open Interval has passed',
  'transfer-retry': 'the Transfer Interval has passed',
  'data-retry': 'time for another data connection',
  answer: 'a connection has waited too long for its peer',
  'recovery-timeout': 'the Recovery Timeout has passed for an interrupted activity',
};

function lostWords(connections: readonly ConnectionState[]): string {
  const names = [...new Set(connections.map(({ association }) => association))].join(', ');
  return connections.length === 1 ? `one connection of ${names}` : `all connections of ${names}`;
}

/** The text of the APDU in a PDU, if the ladder shows it. */
function apduText(carried: BareFrame): string | null {
  if (carried.link !== 'rpc') return carried.link === 'x400' && isShown(carried.frame) ? describeFrame(carried) : null;
  const { frame: pdu } = carried;
  if (pdu.type !== 'request' && pdu.type !== 'response') return pdu.type === 'fault' ? 'fault' : null;
  const { body } = pdu;
  if (body.op === 'MtaSend') return describeCarried(body.apdu as SendApdu | SendAnswer).replace(/ (offset|length|upTo)=\d+/g, '');
  if (body.op === 'MtaUnBind') return body.apdu.kind;
  if (pdu.type === 'response' && body.op === 'MtaBind' && 'apdu' in body && body.apdu.kind === 'rtorj')
    return describeCarried(body.apdu);
  return null;
}

/** Frames that open a connection are not shown: a line tells of the association. */
function isShown({ type }: X400Frame): boolean {
  return !['connection-request', 'connection-confirm', 'connect', 'accept', 'activity-start'].includes(type);
}

function* associationsOf(global: GlobalState, at: number): Generator<Association> {
  const mta = global.nodes[at]?.mta;
  if (mta !== undefined) for (const entry of ltabOf(mta)) yield* entry.associations;
}

function openedBy(before: GlobalState, after: GlobalState, at: number): Opening | null {
  for (const association of associationsOf(after, at)) {
    if (association.state !== 'open') continue;
    const old = [...associationsOf(before, at)].find(({ name }) => name === association.name);
    if (old?.state !== 'open') return { association: association.name, recovery: association.recovery };
  }
  return null;
}

function roleAt(global: GlobalState, at: number, name: string): string | undefined {
  return [...associationsOf(global, at)].find((association) => association.name === name)?.role;
}

/** Who each MTA believes holds the Turn, association by association. */
function beliefs(global: GlobalState): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [at, node] of global.nodes.entries()) {
    const open = [...associationsOf(global, at)].filter(
      ({ state }) => state === 'open' || state === 'lost' || state === 'closing',
    );
    const side = ({ turn, state }: Association): string => `${believes(turn)}${state === 'open' ? '' : ` (${state})`}`;
    result[node.mta.name] = open.length < 2 ? open.map(side).join() : open.map((each) => `${each.name} ${side(each)}`).join(', ');
  }
  return result;
}

type Recorded = { readonly at: number; readonly input: unknown; readonly effects: readonly Effect[]; readonly t: number };

type Named = { readonly name: string; readonly refused: number };

/** The moves of a path by their names. */
function namesOf(bounds: CheckBounds, core: CheckedCore | undefined, path: readonly number[]): Named[] {
  const { context, initial } = setUp(bounds, core);
  let global = initial;
  return path.map((code) => {
    const { move, refused } = moveOf(context, global, code);
    const name = nameOf(global, move);
    global = moved(context, global, move, refused).global;
    return { name, refused };
  });
}

type Holds = (context: SearchContext, global: GlobalState) => boolean;

/**
 * The path of these moves; null if one of them is impossible, or if they do not end in the breach. A move that must go first in
 * one order of moves (an answer that changes nothing) may be at another place in the other.
 */
function pathOf(bounds: CheckBounds, core: CheckedCore | undefined, names: readonly Named[], holds: Holds): number[] | null {
  const { context, initial } = setUp(bounds, core);
  let global = initial;
  const path: number[] = [];
  const early = new Set<string>();
  for (const { name, refused } of names) {
    if (early.delete(name)) continue;
    for (let found = false; !found; ) {
      const moves = movesOf(context, global);
      const index = moves.findIndex((move) => nameOf(global, move) === name);
      found = index >= 0;
      if (!found && !isUrgent(context, global)) return null;
      if (!found) early.add(nameOf(global, moves[0] as Move));
      const code = found ? codeOf(index, refused) : 0;
      path.push(code);
      global = after(context, global, code).global;
    }
  }
  return holds(context, global) ? path : null;
}

/**
 * Of the shortest paths to a breach, returns one that people follow more easily. Each fault comes as late as possible, so that
 * the ladder shows a PDU before its loss.
 * @param holds does this state show the breach?
 */
export function faultsLate(
  bounds: CheckBounds,
  core: CheckedCore | undefined,
  path: readonly number[],
  holds: Holds,
): readonly number[] {
  let names = namesOf(bounds, core, path);
  let best = path;
  for (let at = names.length - 2; at >= 0; at -= 1) {
    if (!/^(lose|crash) /.test((names[at] as Named).name)) continue;
    for (let place = at; place + 1 < names.length; place += 1) {
      const swapped = names.slice();
      [swapped[place], swapped[place + 1]] = [names[place + 1] as Named, names[place] as Named];
      const other = pathOf(bounds, core, swapped, holds);
      if (other === null) break;
      names = swapped;
      best = other;
    }
  }
  return best;
}

/** @param path moves from the start, each as its index among the moves of its state. */
export function tellStory(bounds: CheckBounds, core: CheckedCore | undefined, path: readonly number[]): Counterexample {
  let teller: Teller | null = null;
  const { context, initial } = setUp(bounds, core, (at, _input, effects, before, after) =>
    teller?.note(at, effects, before ?? after),
  );
  teller = new Teller(context);
  let global = initial;
  for (const code of path) {
    const { move, refused } = moveOf(context, global, code);
    const next = moved(context, global, move, refused).global;
    teller.tell(global, move, next, refused);
    global = next;
  }
  return { moves: path.length, lines: teller.lines, journal: journalOf(bounds, core, path) };
}

/**
 * The same moves with a running clock: each timer advances it to the timer's instant. If another timer of the same MTA
 * is due by then, the moves do not fit on one clock, and there is no journal.
 */
function journalOf(bounds: CheckBounds, core: CheckedCore | undefined, path: readonly number[]): readonly JournalEntry[] | null {
  const entries: Recorded[] = [];
  let clock = (): number => 0;
  const { context, initial } = setUp(bounds, core, (at, input, effects) => entries.push({ at, input, effects, t: clock() }));
  clock = () => context.steps.nowMs;
  let global = initial;
  for (const code of path) {
    if (movesOf(context, global)[code % refusalUnit] === undefined) return null;
    const { move, refused } = moveOf(context, global, code);
    if (move.kind === 'timer') {
      const { mta } = global.nodes[move.at] as { readonly mta: Mta };
      const instant = instantOf(mta, move.timer);
      if (instant < context.steps.nowMs) return null;
      context.steps.nowMs = instant;
    }
    global = moved(context, global, move, refused).global;
  }
  return entries.map(({ at, input, effects, t }, index) => ({
    t,
    node: context.steps.configs[at]?.name ?? '',
    n: index + 1,
    input: input as JournalEntry['input'],
    effects,
  }));
}

/** The ladder as text: the first MTA on the left, the last on the right, and what each believes after every line. */
export function storyText(lines: readonly StoryLine[], mtas: readonly string[]): string {
  const left = mtas[0] ?? '';
  const width = Math.max(56, ...lines.map(({ text }) => text.length + 8));
  const column = Math.max(6, ...lines.map(({ believes: each }) => (each[left] ?? '').length));
  const rows = [
    `${'    '}${left.padEnd(column)}  ${' '.repeat(width)}  ${mtas.at(-1) ?? ''}`,
    `    ${'Turn:'.padEnd(column)}  ${' '.repeat(width)}  Turn:`,
  ];
  for (const [index, line] of lines.entries()) {
    const middle = line.to === null ? line.text.padEnd(width) : arrow(line, mtas, width);
    const others = mtas
      .slice(1)
      .map((name) => line.believes[name] ?? '')
      .join(' | ');
    rows.push(`${String(index + 1).padStart(3)} ${(line.believes[left] ?? '').padEnd(column)}  ${middle}  ${others}`.trimEnd());
  }
  return rows.join('\n');
}

function arrow(line: StoryLine, mtas: readonly string[], width: number): string {
  const rightward = mtas.indexOf(line.from ?? '') < mtas.indexOf(line.to ?? '');
  const dashes = '-'.repeat(Math.max(1, width - line.text.length - 6));
  return rightward ? `-- ${line.text} ${dashes}${line.lost ? 'x ' : '> '}` : ` ${line.lost ? 'x' : '<'}${dashes} ${line.text} --`;
}
