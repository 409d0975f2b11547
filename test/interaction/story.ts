/** One lab of an interaction file: MTAs on virtual time that follow the commands of `README.md`, and print a line for each event. */
import {
  type BindingWish,
  type LinkKind,
  ltabOf,
  type MtaConfig,
  nameOfBinding,
  priorities,
  type Settings,
  viewBindings,
  wishedBindings,
} from '@mtalab/mta-core';
import { directions } from '../support/pure-wire.js';
import { type Node, PureLab, withLink } from '../support/purelab.js';
import { Faults } from './faults.js';
import { associationNames, type Level, levels, Printer, ranges, sidesOf } from './printer.js';
import { recoveryTable } from './recovery-table.js';
import { bindingOf, durationMs, priorityOf, type Words, wishOf } from './words.js';

/** Settings with words as values. */
const texts: Readonly<Record<string, string | boolean>> = { true: true, false: false };

export class Story {
  readonly #lab: PureLab;
  readonly #printer: Printer;
  readonly #faults: Faults;
  readonly #link: LinkKind;
  readonly #fixedLevel: Level | null;
  #messages = 0;

  /** @param fixedLevel level of detail of the output; null: as the story watches. */
  constructor(words: Words, link: LinkKind, fixedLevel: Level | null) {
    this.#link = link;
    this.#fixedLevel = fixedLevel;
    const settings: Record<string, unknown> = {};
    const own = new Map<string, string>();
    for (const [name, value] of words.named) {
      if (name.includes('.')) own.set(name, value);
      else settings[name] = valueIn(value);
    }
    this.#lab = new PureLab(
      words.bare,
      settings as Partial<Settings>,
      {},
      (config) => withLink(link)(adjusted(config, own)),
      false,
    );
    this.#printer = new Printer(this.#lab);
    this.#faults = new Faults(this.#lab, this.#printer);
    if (fixedLevel !== null) this.#printer.level = fixedLevel;
    this.#lab.startAll();
  }

  take(): string[] {
    return this.#printer.take();
  }

  /** Requested faults that have not happened; a file must not end with any. */
  get unreached(): readonly string[] {
    return this.#faults.unreached;
  }

  /** The beliefs of both sides of each association if nothing is under way; otherwise empty. */
  atRest(): string[] {
    const busy = this.#lab.wires.some((wire) => directions.some((direction) => wire[direction].length > 0));
    if (busy) return [];
    this.#showAssociations();
    return this.take();
  }

  carryOut(command: string, words: Words): void {
    const act = this.#commands[command];
    if (act === undefined) throw new Error(`no command ${command}`);
    act(words);
  }

  readonly #commands: Readonly<Record<string, (words: Words) => void>> = {
    watch: (words) => {
      const level = words.take('the level') as Level;
      if (!levels.includes(level)) throw new Error(`no level ${level}`);
      if (this.#fixedLevel === null) this.#printer.level = level;
    },
    submit: (words) => this.#submit(words),
    run: () => void this.#lab.settle(),
    step: (words) => {
      for (let count = Number(words.bare.shift() ?? 1); count > 0; count -= 1) this.#lab.deliverOne();
    },
    pass: (words) => this.#lab.pass(durationMs(words.take('the duration'))),
    advance: () => void this.#lab.advance(),
    cut: (words) => this.#faults.cut(words),
    notice: () => {
      this.#lab.notice();
      this.#lab.settle();
    },
    hold: (words) => this.#faults.hold(words),
    release: () => {
      this.#faults.release();
      this.#lab.settle();
    },
    swallow: (words) => this.#faults.swallow(words),
    'refuse-data-binds': (words) => this.#faults.refuseBinds(words.take('the MTA')),
    flow: () => this.#faults.flow(),
    say: (words) => this.#faults.say(words.take('the MTA'), words),
    crash: (words) => this.#lab.crash(words.take('the MTA')),
    start: (words) => this.#lab.startNode(words.take('the MTA')),
    unreachable: (words) => void this.#lab.unreachable.add(words.take('the MTA')),
    reachable: (words) => void this.#lab.unreachable.delete(words.take('the MTA')),
    store: (words) => this.#store(words),
    legacy: (words) => this.#set(words, 'legacy'),
    fixed: (words) => this.#set(words, 'fixed'),
    bindings: (words) => this.#changeBindings(words.take('the MTA'), wishOf(words)),
    stop: (words) => this.#lab.input(words.take('the MTA'), { type: 'stop' }),
    retry: (words) => this.#lab.input(words.take('the MTA'), { type: 'command', command: { op: 'retry' } }),
    show: (words) => this.#show(words),
    'recovery-table': (words) => {
      for (const line of recoveryTable(this.#link, words.bare)) this.#printer.say(line);
    },
  };

  #submit(words: Words): void {
    const to = (words.after('to') ?? '').split(',');
    const from = words.after('from');
    const name = words.take('the MTA');
    for (let count = words.number('count', 1); count > 0; count -= 1) {
      const given = words.named.get('id');
      if (given === undefined) this.#messages += 1;
      this.#lab.submit(name, given ?? `m${this.#messages}`, to, {
        priority: priorityOf(words.named.get('priority')),
        sizeBytes: words.number('size', 100),
        ...(from === undefined ? {} : { originator: from === 'nobody' ? '' : from }),
      });
    }
  }

  #store(words: Words): void {
    const act = words.take('what the store does');
    const name = words.take('the MTA');
    if (act === 'hold') {
      this.#lab.heldStores.add(name);
    } else if (act === 'fail') {
      this.#lab.storeFail(name, words.has('damaged') ? 'damaged' : 'full');
    } else if (act === 'damage') {
      const { store } = this.#lab.node(name);
      for (const content of store.messages.keys()) store.damaged.add(content);
    } else {
      this.#lab.heldStores.delete(name);
      this.#lab.storeDone(name);
    }
  }

  #set(words: Words, mode: 'legacy' | 'fixed'): void {
    const name = words.take('the MTA');
    this.#lab.input(name, { type: 'command', command: { op: 'set', article: words.take('the article'), mode } });
  }

  /** Applies at once if the MTA runs, and at its next start in any case. */
  #changeBindings(name: string, wish: BindingWish): void {
    const node = this.#lab.node(name);
    const configured = node.config.bindings.map((binding, id) => ({ ...binding, id }));
    const change = wishedBindings(node.up ? node.mta.bindings : configured, wish);
    const kept = wishedBindings(configured, wish);
    if (typeof change === 'string' || typeof kept === 'string') {
      this.#printer.say(`${name} does not change its bindings: ${typeof change === 'string' ? change : kept}`);
      return;
    }
    if (node.up) this.#lab.input(name, { type: 'command', command: { op: 'bindings', bindings: change } });
    const bindings = kept.flatMap(({ id, enabled }) =>
      configured.filter((each) => each.id === id).map((each) => ({ ...each, enabled })),
    );
    node.config = {
      ...node.config,
      bindings: bindings.map(({ address, port, label, enabled }) => ({ address, port, label, enabled })),
    };
  }

  #show(words: Words): void {
    const what = words.take('what to show');
    const shown = [...this.#lab.nodes.values()].filter((node) => words.bare.length === 0 || words.has(node.name));
    if (what === 'associations') this.#showAssociations();
    else if (what === 'queues') for (const node of shown) this.#showQueues(node);
    else if (what === 'deliveries') for (const node of shown) this.#showDeliveries(node.name);
    else if (what === 'events') for (const node of shown) this.#showEvents(node.name);
    else if (what === 'received') for (const node of shown) this.#showReceived(node);
    else if (what === 'bindings') for (const node of shown) this.#showBindings(node);
    else if (what === 'counters') for (const node of shown) this.#showCounters(node);
    else throw new Error(`nothing to show as ${what}`);
  }

  #showAssociations(): void {
    const names = associationNames(this.#lab);
    if (names.length === 0) this.#printer.say('no association');
    for (const name of names) {
      const moved = Math.max(...sidesOf(this.#lab, name).map(({ association }) => association.moved));
      const recovery = Math.max(...sidesOf(this.#lab, name).map(({ association }) => association.recovery));
      this.#printer.say(`${name}: ${this.#printer.beliefs(name)}; moved ${moved}, recovery ${recovery}`);
    }
  }

  #showQueues(node: Node): void {
    for (const entry of ltabOf(node.mta)) {
      const sizes = priorities.map((priority) => `${priority} ${entry.queues[priority].size}`);
      const moving = entry.associations.reduce((sum, { transfers }) => sum + transfers.size, 0);
      this.#printer.say(
        `${node.name} for ${entry.name}: ${entry.queued} queued (${sizes.join(', ')}, in transfer ${moving}, waiting ${entry.waiting.size})`,
      );
    }
  }

  #showBindings(node: Node): void {
    for (const { listening, osError, enabled, ...binding } of viewBindings(node.mta)) {
      const notes = [...(osError === null ? [] : [osError]), ...(enabled ? [] : ['disabled'])];
      const note = notes.length === 0 ? '' : ` (${notes.join(', ')})`;
      this.#printer.say(`${node.name} binding ${nameOfBinding({ ...binding, enabled })}: ${listening}${note}`);
    }
  }

  #showDeliveries(name: string): void {
    const here = this.#lab.deliveries
      .filter((delivery) => delivery.node === name)
      .map(({ mtsId }) => this.#printer.nameOf(mtsId));
    const twice = here.filter((message, index) => here.indexOf(message) !== index);
    const note = twice.length === 0 ? '' : `, TWICE: ${ranges(twice)}`;
    this.#printer.say(`${name} has delivered ${here.length}${here.length === 0 ? '' : `: ${ranges(here)}`}${note}`);
  }

  #showEvents(name: string): void {
    const counts = new Map<number, number>();
    for (const { node, event } of this.#lab.events) if (node === name) counts.set(event.id, (counts.get(event.id) ?? 0) + 1);
    const listed = [...counts].sort(([one], [other]) => one - other).map(([id, count]) => `${id} x${count}`);
    this.#printer.say(`${name} has logged ${listed.join(', ') || 'nothing'}`);
  }

  #showReceived(node: Node): void {
    const kept = [...node.store.received].flatMap(([sender, ids]) => [...ids].map((id) => `${sender} ${id % 2 ** 32}`));
    this.#printer.say(`${node.name} remembers ${kept.length === 0 ? 'no activity' : `as received: ${kept.join(', ')}`}`);
    if (!node.store.agreesWith(node.mta)) this.#printer.say(`${node.name} and its store disagree`);
  }

  #showCounters(node: Node): void {
    for (const { name, counters } of ltabOf(node.mta)) {
      const { associationsOut, associationsIn, recoveries, turnsGiven, turnsReceived, duplicates, rejectedIn, failedOut } =
        counters;
      const opened = `opened ${associationsOut} out ${associationsIn} in, failed ${failedOut}, rejected ${rejectedIn}, recoveries ${recoveries}`;
      this.#printer.say(
        `${node.name} with ${name}: ${opened}, Turns given ${turnsGiven} got ${turnsReceived}, duplicates ${duplicates}`,
      );
    }
  }
}

function valueIn(text: string): unknown {
  return texts[text] ?? (/^\d+$/.test(text) ? Number(text) : text);
}

/**
 * `A.password=x`, `B.peers=C`, `A.routes=c.example>B,*>B`, `A.bindings=[::1],127.0.0.1`, `A.B=127.0.0.1[5002],127.0.0.2[5002]` (where
 * A finds B), `A.twoWayAlternate=false`: for one MTA alone.
 */
function adjusted(config: MtaConfig, own: ReadonlyMap<string, string>): MtaConfig {
  let result = config;
  for (const [key, value] of own) {
    const [name, what = ''] = key.split('.');
    if (name !== config.name) continue;
    const port = config.bindings[0]?.port ?? 0;
    if (result.peers.some((peer) => peer.name === what)) {
      const endpoints = value.split(',');
      result = { ...result, peers: result.peers.map((peer) => (peer.name === what ? { ...peer, endpoints } : peer)) };
    } else if (what === 'password') result = { ...result, peers: result.peers.map((peer) => ({ ...peer, password: value })) };
    else if (what === 'peers') result = { ...result, peers: result.peers.filter((peer) => value.split(',').includes(peer.name)) };
    else if (what === 'routes') result = { ...result, routes: value.split(',').map(routeOf) };
    else if (what === 'legacy') result = { ...result, legacy: value.split(',') };
    else if (what === 'bindings') result = { ...result, bindings: value.split(',').map((text) => bindingOf(text, port)) };
    else if (what === 'cluster') result = { ...result, cluster: value === 'true' };
    else if (what === 'advertise') result = { ...result, advertise: [value] };
    else result = { ...result, settings: { ...result.settings, [what]: valueIn(value) } };
  }
  return result;
}

function routeOf(text: string): { readonly domain: string; readonly mta: string } {
  const [domain = '', mta = ''] = text.split('>');
  return { domain, mta };
}
