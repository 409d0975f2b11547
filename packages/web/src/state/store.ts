/** What the page knows, and what the person has chosen. Components read it and call its methods; nothing else changes it. */
import type { LinkFrame } from '@mtalab/mta-core';
import { type LabNow, LiveTrace, type PageDone, type PageHello, type PageMessage, type PairedItem } from '@mtalab/trace';
import { queuedOf } from '../model/picture.js';
import { Connection, type ConnectionState } from './connection.js';
import { ForkSession } from './fork-session.js';
import { Pace } from './pace.js';
import { RecordedOctets } from './recorded-octets.js';

export type Drawer = 'events' | 'queues' | 'ltab' | 'associations' | 'commands' | null;
export type Dialog = 'send' | 'fault' | 'help' | 'lessons' | 'twin' | null;
/** With a twin: the first pair, the second, or both side by side. */
export type PairView = 'first' | 'second' | 'twin';
export type Notice = { readonly id: number; readonly text: string; readonly isError: boolean };
/** Queue lengths over lab time. `at`: number of the item. */
export type QueuePoint = { readonly at: number; readonly tMs: number; readonly queued: number };
/** A thing done on the page, as a command. */
export type ShownCommand = { readonly says: string; readonly command: string };

const maxPoints = 2000;
const maxNotices = 2;
const noticeMs = 4000;
const maxCommands = 100;
/** Items between two points of a chart while a recording is read. */
const pointEvery = 20;
/** A recording is kept whole. */
const recordingLimits = { steps: 200_000, pdus: 200_000 };

export class Store {
  /** What the lab does, or the recording. */
  live = new LiveTrace();
  /** The second pair, if there is one. */
  twin: LiveTrace | null = null;
  view: PairView = 'first';
  /** A fork that is shown in its place. */
  fork: ForkSession | null = null;
  hello: PageHello | null = null;
  connection: ConnectionState = 'connecting';
  /** The link whose ladder is shown, by its place among all pairs; null: the map, if there is more than one. */
  link: number | null = null;
  /** The instant that is shown; null: now. */
  cursor: number | null = null;
  selected: string | null = null;
  drawer: Drawer = null;
  dialog: Dialog = null;
  filter = '';
  whole = false;
  paused = false;
  labNowMs = 0;
  /** Lab seconds in a real second. */
  timeScale = 1;
  readonly #points = new Map<string, QueuePoint[]>();
  readonly #twinPoints = new Map<string, QueuePoint[]>();
  notices: readonly Notice[] = [];
  commands: readonly ShownCommand[] = [];
  /** A recording has no server behind it. */
  readonly isRecording: boolean;
  #recordedOctets: RecordedOctets | null = null;
  #connection: Connection | null = null;
  #seq = 0;
  #lastId = 0;
  readonly #waiting = new Map<number, (done: PageDone) => void>();
  readonly #listeners = new Set<() => void>();
  readonly #pace = new Pace(() => {
    for (const listener of this.#listeners) listener();
  });

  /** @param packed the octets of the recording. */
  constructor(recording: readonly PairedItem[] | null, packed: string | null = null) {
    this.isRecording = recording !== null;
    if (recording === null) return;
    if (packed !== null) this.#recordedOctets = new RecordedOctets(packed, recording);
    this.live = new LiveTrace(recordingLimits);
    for (const [at, item] of recording.entries()) {
      this.#take(item);
      if (at % pointEvery === 0 || at === recording.length - 1) this.#addPoints();
    }
  }

  connect(url: string): void {
    this.#connection = new Connection(url, {
      message: (message) => this.#receive(message),
      state: (state) => this.change({ connection: state }),
    });
    this.#connection.open();
  }

  retry(): void {
    this.#connection?.retry();
  }

  /** Calls a listener after changes, at most once for each frame of the screen, and more seldom for what the lab does. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  change(
    values: Partial<Pick<Store, 'connection' | 'cursor' | 'selected' | 'drawer' | 'dialog' | 'filter' | 'whole' | 'link'>>,
  ): void {
    Object.assign(this, values);
    this.#changed();
  }

  /** What is shown: the fork, the lab or the recording. */
  get trace(): LiveTrace {
    return this.fork?.trace ?? (this.view === 'second' ? (this.twin ?? this.live) : this.live);
  }

  get points(): ReadonlyMap<string, readonly QueuePoint[]> {
    return this.fork?.points ?? (this.view === 'second' ? this.#twinPoints : this.#points);
  }

  /** Lab time of what is shown, ms. */
  get nowMs(): number {
    if (this.fork !== null) return this.fork.nowMs;
    return this.cursor === null && !this.isRecording ? this.labNowMs : (this.trace.steps.at(-1)?.entry.t ?? 0);
  }

  /** Can anything be done to what is shown? */
  get canAct(): boolean {
    return this.fork !== null || !this.isRecording;
  }

  /** Goes on in the browser from the instant that is shown. */
  beginFork(): void {
    try {
      this.fork = new ForkSession(this.trace, this.at, this.cursor, this.points);
      this.change({ cursor: null, selected: null });
    } catch (error) {
      this.#say(false, `nothing can go on from this instant: ${(error as Error).message}`);
    }
  }

  /** Shows the lab or the recording again, at the instant that was shown. */
  endFork(): void {
    const { fork } = this;
    if (fork === null) return;
    this.fork = null;
    const cursor = fork.cursorBefore;
    this.change({ cursor: cursor === null ? null : Math.max(cursor, this.trace.oldest), selected: null });
  }

  /** Shows the first pair, the second, or both. */
  show(view: PairView): void {
    this.view = view;
    this.change({ cursor: null, selected: null });
  }

  toggleTwin(): void {
    // The items of a twin that is there may be on their way.
    if (this.twin !== null || this.hello?.twin === 'there') this.show(this.view === 'twin' ? 'first' : 'twin');
    else if (this.hello?.twin === 'possible') this.change({ dialog: 'twin' });
    else this.#say(false, 'there is one pair only; `mtalab pair --twin` and `mtalab page --twin` show two');
  }

  /** Starts a second pair, and shows both. */
  async startTwin(articles: readonly string[]): Promise<void> {
    const { ok } = await this.act('twin', { articles });
    if (ok) this.show('twin');
  }

  #take(item: PairedItem): void {
    if (item.twin !== true) {
      this.live.take(item);
      return;
    }
    if (this.twin === null) {
      this.twin = this.isRecording ? new LiveTrace(recordingLimits) : new LiveTrace();
      if (this.isRecording) this.view = 'twin';
    }
    this.twin.take(item);
  }

  /** The item that is shown. */
  get at(): number {
    return this.cursor ?? this.trace.latest;
  }

  /** Does something to the lab, and says what became of it. */
  act(action: string, values: Readonly<Record<string, unknown>> = {}): Promise<PageDone> {
    // It changes nothing, so a fork may ask for it too.
    if (action === 'octets' && this.isRecording) return this.#octetsInRecording(values['frame'] as LinkFrame);
    if (this.fork !== null && action !== 'octets') return Promise.resolve(this.#actInFork(this.fork, action, values));
    this.#lastId += 1;
    const id = this.#lastId;
    const pair = this.view === 'second' ? { pair: 'second' } : {};
    const sent = this.#connection?.send({ type: 'do', id, action, values: { ...values, ...pair } }) ?? false;
    if (!sent) {
      const done: PageDone = { type: 'done', id, ok: false, says: 'there is no connection to the lab', shown: '' };
      this.#done(done);
      return Promise.resolve(done);
    }
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  async #octetsInRecording(frame: LinkFrame): Promise<PageDone> {
    const done = { type: 'done', id: 0, shown: '' } as const;
    try {
      if (this.#recordedOctets === null) throw new Error('this recording was made without octets');
      return { ...done, ok: true, says: '', value: await this.#recordedOctets.of(frame) };
    } catch (error) {
      return { ...done, ok: false, says: (error as Error).message };
    }
  }

  #actInFork(fork: ForkSession, action: string, values: Readonly<Record<string, unknown>>): PageDone {
    try {
      return this.#say(true, fork.act(action, values));
    } catch (error) {
      return this.#say(false, (error as Error).message);
    }
  }

  #say(ok: boolean, says: string): PageDone {
    this.#lastId += 1;
    const done: PageDone = { type: 'done', id: this.#lastId, ok, says, shown: '' };
    this.#done(done);
    return done;
  }

  dismiss(id: number): void {
    this.notices = this.notices.filter((notice) => notice.id !== id);
    this.#changed();
  }

  #receive(message: PageMessage): void {
    switch (message.type) {
      case 'hello': {
        const known = this.hello?.run === message.run ? message.run : null;
        this.hello = message;
        this.labNowMs = message.labNowMs;
        this.timeScale = message.timeScale;
        this.#connection?.send({ type: 'follow', run: known, since: known === null ? 0 : this.#seq });
        break;
      }
      case 'items':
        if (message.restart) {
          this.live = new LiveTrace();
          this.twin = null;
          this.#points.clear();
          this.#twinPoints.clear();
          if (this.fork === null) this.cursor = null;
        }
        for (const item of message.items) this.#take(item as PairedItem);
        this.#seq = message.seq;
        this.#now(message.now);
        this.#addPoints();
        if (this.fork === null && this.cursor !== null && this.cursor < this.trace.oldest) this.cursor = this.trace.oldest;
        this.#pace.later();
        return;
      case 'now':
        this.#now(message.now);
        this.#pace.later();
        return;
      case 'done':
        this.#done(message);
        break;
    }
    this.#changed();
  }

  #now({ labNowMs, timeScale, paused }: LabNow): void {
    this.timeScale = timeScale;
    this.labNowMs = labNowMs;
    this.paused = paused;
  }

  #done(done: PageDone): void {
    this.#waiting.get(done.id)?.(done);
    this.#waiting.delete(done.id);
    // What only asked for something says nothing.
    if (done.ok && done.says === '') {
      this.#changed();
      return;
    }
    // What went wrong stays until it has been read.
    if (done.ok) setTimeout(() => this.dismiss(done.id), noticeMs);
    this.notices = [...this.notices, { id: done.id, text: done.says, isError: !done.ok }].slice(-maxNotices);
    if (done.shown !== '') this.commands = [...this.commands, { says: done.says, command: done.shown }].slice(-maxCommands);
    this.#changed();
  }

  #addPoints(): void {
    this.#addPointsOf(this.live, this.#points);
    if (this.twin !== null) this.#addPointsOf(this.twin, this.#twinPoints);
  }

  #addPointsOf(trace: LiveTrace, points: Map<string, QueuePoint[]>): void {
    const at = trace.latest;
    for (const { node, mta, figures } of trace.nodesAt()) {
      const tMs = trace.steps.at(-1)?.entry.t ?? this.labNowMs;
      const queued = mta !== null ? queuedOf(mta) : Object.values(figures?.queued ?? {}).reduce((sum, count) => sum + count, 0);
      const list = points.get(node) ?? [];
      list.push({ at, tMs, queued });
      if (list.length > maxPoints) list.splice(0, maxPoints / 2);
      points.set(node, list);
    }
  }

  #changed(): void {
    this.#pace.soon();
  }
}
