/** One page that is open: sends it the feed at its own pace, and carries out what it asks for. */

import type { LabNow, PageHello, PageMessage, PageRequest } from '@mtalab/trace';
import type { WebSocket } from 'ws';
import { isRecord, isText } from '../lab/arguments.js';
import { messageOf } from '../process/errors.js';
import type { FeedLog } from './feed-log.js';
import type { Done, Values } from './page-actions.js';

/** Real time between two frames, ms: at most 20 a second. */
const frameMs = 50;
/** Characters of one frame. */
const maxFrameLength = 1_000_000;
/** Octets that the page may leave unread before the server waits for it. */
const maxUnreadBytes = 4 * 2 ** 20;
const maxActionsAtOnce = 16;
const nowEveryMs = 1000;

/** What a page follows. */
export type PageFeed = {
  readonly log: FeedLog;
  /** Adds the present states again. @returns the number of the item before. */
  readonly refresh: () => Promise<number>;
};

export type SessionOptions = {
  readonly feed: PageFeed;
  readonly actions: { readonly paused: boolean; readonly carryOut: (action: string, values: Values) => Promise<Done> };
  readonly hello: () => PageHello;
};

function requestIn(text: string): PageRequest | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(value)) return null;
  const { type, since, id, action, values } = value;
  if (type === 'follow' && typeof since === 'number') return value as PageRequest;
  return type === 'do' && typeof id === 'number' && isText(action) && isRecord(values) ? (value as PageRequest) : null;
}

export class PageSession {
  readonly #socket: WebSocket;
  readonly #options: SessionOptions;
  #timer: NodeJS.Timeout | null = null;
  /** Number of the last item sent; null until the page has said where it is. */
  #seq: number | null = null;
  #restart = false;
  #refreshing = false;
  #outstanding = 0;
  #saidNowMs = 0;

  constructor(socket: WebSocket, options: SessionOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.on('message', (data, isBinary) => {
      if (!isBinary) this.#receive((data as Buffer).toString('utf8'));
    });
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      if (this.#timer !== null) clearInterval(this.#timer);
    });
    this.#send(options.hello());
    this.#timer = setInterval(() => this.#frame(), frameMs);
  }

  #receive(text: string): void {
    const request = requestIn(text);
    if (request === null) this.#socket.close(1008, 'this is no request of the page');
    else if (request.type === 'follow') this.#follow(request);
    else void this.#act(request);
  }

  #follow({ run, since }: Extract<PageRequest, { type: 'follow' }>): void {
    const { feed, hello } = this.#options;
    const goesOn = run === hello().run && Number.isInteger(since) && since >= 0 && since <= feed.log.latest;
    this.#seq = goesOn ? since : 0;
    this.#restart = !goesOn;
  }

  async #act({ id, action, values }: Extract<PageRequest, { type: 'do' }>): Promise<void> {
    if (this.#outstanding >= maxActionsAtOnce) {
      this.#send({ type: 'done', id, ok: false, says: `${maxActionsAtOnce} actions are under way; wait for one`, shown: '' });
      return;
    }
    this.#outstanding += 1;
    const { actions } = this.#options;
    try {
      const { isPartial, ...done } = await actions.carryOut(action, values);
      this.#send({ type: 'done', id, ok: isPartial !== true, ...done });
    } catch (error) {
      this.#send({ type: 'done', id, ok: false, says: messageOf(error), shown: '' });
    } finally {
      this.#outstanding -= 1;
    }
  }

  /** A page that reads slowly is left alone until it has caught up: neither the MTAs nor other pages wait for it. */
  #frame(): void {
    if (this.#socket.bufferedAmount > maxUnreadBytes) return;
    const now = performance.now();
    if (this.#seq !== null && !this.#refreshing) this.#items(this.#seq);
    if (now - this.#saidNowMs > nowEveryMs) this.#send({ type: 'now', now: this.#now() });
  }

  #items(since: number): void {
    const { log } = this.#options.feed;
    const lines = log.after(since, maxFrameLength);
    if (lines === null) {
      void this.#refresh();
      return;
    }
    const last = lines.at(-1);
    if (last === undefined) return;
    const items = lines.map(({ json }) => json).join();
    this.#write(
      `{"type":"items","seq":${last.seq},"restart":${this.#restart},"now":${JSON.stringify(this.#now())},"items":[${items}]}`,
    );
    this.#seq = last.seq;
    this.#restart = false;
  }

  /** The place of this page is not kept any more: it begins again with the present states. */
  async #refresh(): Promise<void> {
    this.#refreshing = true;
    try {
      this.#seq = await this.#options.feed.refresh();
      this.#restart = true;
    } finally {
      this.#refreshing = false;
    }
  }

  #now(): LabNow {
    this.#saidNowMs = performance.now();
    const { labNowMs, timeScale } = this.#options.hello();
    return { labNowMs, timeScale, paused: this.#options.actions.paused };
  }

  #send(message: PageMessage): void {
    this.#write(JSON.stringify(message));
  }

  #write(text: string): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(text);
  }
}
