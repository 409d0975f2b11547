/** Runs MTAs with chosen bindings on virtual time and records what they do, for the article tests. */
import {
  type Association,
  type BindingConfig,
  describeEvent,
  type EventId,
  type EventText,
  type LinkKind,
  ltabOf,
  type ReportedEvent,
  type Settings,
  wishedBindings,
} from '@mtalab/mta-core';
import { bindingOf } from '../interaction/words.js';
import type { Dialled } from '../support/pure-types.js';
import { PureLab, withLink } from '../support/purelab.js';

export type CourseOptions = {
  readonly names?: readonly string[];
  /** Addresses such as `[::1]` or `127.0.0.2`, by MTA; unnamed MTAs have 127.0.0.1 only. */
  readonly bindings?: Readonly<Record<string, readonly string[]>>;
  /** Articles in legacy mode, by MTA. */
  readonly legacy?: Readonly<Record<string, readonly string[]>>;
  /** MTAs on a server of a cluster. */
  readonly cluster?: readonly string[];
  readonly settings?: Partial<Settings>;
  /** The port of the endpoint mapper, for each MTA that has one. */
  readonly mappers?: Readonly<Record<string, number>>;
  /** The link between all MTAs; RPC if it is not named. */
  readonly link?: LinkKind;
};

export class Course {
  readonly lab: PureLab;
  /** Dials, in order. */
  readonly dials: Dialled[] = [];
  /** bind_naks that arrived: the sender, the association group and the time. */
  readonly naks: { readonly from: string; readonly reason: number; readonly group: number; readonly atMs: number }[] = [];
  /** Number of MtaBind calls that arrived to open a new association. */
  firstConnections = 0;
  /** Logged events with their times. */
  readonly log: { readonly node: string; readonly atMs: number; readonly event: ReportedEvent }[] = [];
  readonly halts: { readonly node: string; readonly code: number; readonly clean: boolean }[] = [];
  #messages = 0;

  constructor(options: CourseOptions) {
    const { names = ['A', 'B'], bindings = {}, legacy = {}, cluster = [], settings = {}, mappers = {}, link = 'rpc' } = options;
    const withBindings = (name: string, usual: readonly BindingConfig[]): readonly BindingConfig[] =>
      bindings[name]?.map((text) => bindingOf(text, usual[0]?.port ?? 0)) ?? usual;
    this.lab = new PureLab(
      names,
      settings,
      legacy,
      (config) => ({
        ...withLink(link)(config),
        cluster: cluster.includes(config.name),
        mapperPort: mappers[config.name] ?? null,
        bindings: withBindings(config.name, config.bindings),
      }),
      false,
    );
    this.#watch();
    this.lab.startAll();
  }

  #watch(): void {
    const groups = new Map<number, number>();
    this.lab.hooks = {
      onFrame: ({ frame, wire, from }) => {
        if (frame.link !== 'rpc') return true;
        const pdu = frame.frame;
        if (pdu.type === 'bind') groups.set(wire.id, pdu.group);
        if (pdu.type === 'bind_nak')
          this.naks.push({ from, reason: pdu.reason, group: groups.get(wire.id) ?? 0, atMs: this.lab.nowMs });
        if (pdu.type === 'request' && pdu.body.op === 'MtaBind' && pdu.body.rtorq.recovery === 0) this.firstConnections += 1;
        return true;
      },
      onDial: (dialled) => void this.dials.push(dialled),
      onEvent: (node, event) => void this.log.push({ node, atMs: this.lab.nowMs, event }),
      onHalt: (node, clean, code) => void this.halts.push({ node, clean, code }),
    };
  }

  /** Submits messages from one MTA to another, and lets them get as far as they can. */
  submit(from: string, to: string, count: number): void {
    for (let left = count; left > 0; left -= 1) {
      this.#messages += 1;
      this.lab.submit(from, `m${this.#messages}`, [`x@${to.toLowerCase()}.example`]);
    }
    this.lab.settle();
  }

  set(name: string, article: string, mode: 'legacy' | 'fixed'): void {
    this.lab.input(name, { type: 'command', command: { op: 'set', article, mode } });
    this.lab.settle();
  }

  /** Put this binding first, live. */
  putFirst(name: string, binding: string): void {
    const change = wishedBindings(this.lab.mta(name).bindings, { order: [binding] });
    if (typeof change === 'string') throw new Error(change);
    this.lab.input(name, { type: 'command', command: { op: 'bindings', bindings: change } });
  }

  /** End the Open Interval. */
  retry(name: string): void {
    this.lab.input(name, { type: 'command', command: { op: 'retry' } });
    this.lab.settle();
  }

  /** Start an MTA that has ended, with other bindings if they are given. */
  startAgain(name: string, bindings?: readonly string[]): void {
    const node = this.lab.node(name);
    const port = node.config.bindings[0]?.port ?? 0;
    if (bindings !== undefined) node.config = { ...node.config, bindings: bindings.map((text) => bindingOf(text, port)) };
    this.log.length = 0;
    this.lab.startNode(name);
    this.lab.settle();
  }

  delivered(name: string): number {
    return this.lab.deliveries.filter((delivery) => delivery.node === name).length;
  }

  /** Messages of one MTA for another. */
  queued(name: string, to: string): number {
    return ltabOf(this.lab.mta(name)).find((entry) => entry.name === to)?.queued ?? 0;
  }

  associations(name: string): readonly Association[] {
    return ltabOf(this.lab.mta(name)).flatMap((entry) => entry.associations);
  }

  /** Ids of an MTA's events, in order. By default it leaves out events of messages and of a completed start. */
  ids(name: string, left: readonly EventId[] = [271, 272, 9298]): readonly EventId[] {
    return this.log.filter(({ node }) => node === name).flatMap(({ event }) => (left.includes(event.id) ? [] : [event.id]));
  }

  /** The events of an MTA with this id: their texts and times. */
  events(name: string, id: EventId): readonly (EventText & { readonly atMs: number })[] {
    return this.log
      .filter(({ node, event }) => node === name && event.id === id)
      .map(({ event, atMs }) => ({ ...describeEvent(event), atMs }));
  }
}
