/** Feeds the streams of the control channel: events, deliveries and, while a client follows it, the journal. */
import { describeEvent, type ReportedEvent } from '@mtalab/mta-core';
import type { StreamSource } from '../control/server.js';
import type { DeliveryNotice, EventLine, StreamName } from '../control/stream-schema.js';
import { Feed, type Numbered } from './feed.js';
import type { Journal } from './journal.js';

type RawEvent = { readonly t: number; readonly node: string; readonly event: ReportedEvent };

/** Events and deliveries that late subscribers can still get. */
const keptEvents = 1000;
const keptDeliveries = 10_000;

function sourceOf<T extends object>(feed: Feed<T>, jsonOf: (entry: Numbered<T>) => string): StreamSource {
  return {
    latest: () => feed.latest,
    follow(since, push) {
      if (since !== undefined) for (const entry of feed.after(since)) push(jsonOf(entry));
      return feed.listen((entry) => push(jsonOf(entry)));
    },
  };
}

export class DriverStreams {
  readonly #node: string;
  readonly #version: string | undefined;
  readonly #events = new Feed<RawEvent>(keptEvents);
  readonly #deliveries = new Feed<DeliveryNotice>(keptDeliveries);

  /** @param version the version of Exchange, whose form the entries have. */
  constructor(node: string, version?: string) {
    this.#node = node;
    this.#version = version;
  }

  /** An event that the diagnostics levels show. */
  event(event: ReportedEvent, nowMs: number): void {
    this.#events.emit({ t: nowMs, node: this.#node, event });
  }

  readonly delivery = (notice: DeliveryNotice): void => this.#deliveries.emit(notice);

  /**
   * @param journal makes the lines.
   * @param journalWanted called when somebody begins or ends to follow the journal.
   */
  sources(journal: Journal, journalWanted: () => void): Readonly<Record<StreamName, StreamSource>> {
    const lines = sourceOf(journal.feed, ({ line }) => line);
    return {
      // The words are made for those who read them only.
      events: sourceOf(this.#events, ({ t, node, n, event }) => {
        const line: EventLine & { readonly n: number } = { t, node, n, ...describeEvent(event, this.#version) };
        return JSON.stringify(line);
      }),
      deliveries: sourceOf(this.#deliveries, (notice) => JSON.stringify(notice)),
      journal: {
        latest: lines.latest,
        follow(since, push) {
          const end = lines.follow(since, push);
          journalWanted();
          return () => {
            end();
            journalWanted();
          };
        },
      },
    };
  }
}
