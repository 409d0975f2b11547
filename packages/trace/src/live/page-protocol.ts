/** What the page and its server say to each other. The page checks what comes by its kind; the server by these limits. */
import type { LadderLine } from '../ladder/line.js';

/** The first message of the server. */
export type PageHello = {
  readonly type: 'hello';
  /** Another number: another run, of which the page knows nothing. */
  readonly run: string;
  readonly title: string;
  readonly mtas: readonly { readonly name: string; readonly domain: string }[];
  readonly timeScale: number;
  /** Lab time now, ms. */
  readonly labNowMs: number;
  /** Is there a fault proxy between the MTAs? */
  readonly proxied: boolean;
  /** Is there a second pair whose items come in the feed, and if not, can the page start one? */
  readonly twin: 'there' | 'possible' | 'none';
};

/** Lab time, ms, how many times faster than real time it runs, and whether the link stands still. */
export type LabNow = { readonly labNowMs: number; readonly timeScale: number; readonly paused: boolean };

/** Items of the feed. `seq` is the number of the last one. `restart`: forget everything before. */
export type PageItems = {
  readonly type: 'items';
  readonly seq: number;
  readonly restart: boolean;
  readonly items: readonly unknown[];
  readonly now: LabNow;
};

/** What became of an action. `shown`: the command that does the same. What only one of two pairs did is not `ok`. */
export type PageDone = {
  readonly type: 'done';
  readonly id: number;
  readonly ok: boolean;
  readonly says: string;
  readonly shown: string;
  /** What was asked for, such as a lesson. */
  readonly value?: unknown;
};

/** The octets of a PDU, with its fields. */
export type PageOctets = {
  /** Of the whole PDU. */
  readonly length: number;
  /** The first of them, in hexadecimal. */
  readonly octets: string;
  /** First octet and number of octets of each stretch that no journal has: the content of a message. */
  readonly unknown: readonly (readonly [number, number])[];
  readonly fields: readonly {
    readonly name: string;
    readonly value: string;
    readonly ranges: readonly (readonly [number, number])[];
  }[];
};

/** Sent once a second while no items come. */
export type PageNow = { readonly type: 'now'; readonly now: LabNow };

export type PageMessage = PageHello | PageItems | PageDone | PageNow;

/** What the page asks for: the items after `since` of the run that it knows, or an action. */
export type PageRequest =
  | { readonly type: 'follow'; readonly run: string | null; readonly since: number }
  | { readonly type: 'do'; readonly id: number; readonly action: string; readonly values: Readonly<Record<string, unknown>> };

/** A lesson in the list of lessons. */
export type PageLesson = {
  readonly id: string;
  readonly number: number;
  readonly title: string;
  /** How long a reader takes, about. */
  readonly minutes: number;
  readonly article: string | null;
  readonly done: boolean;
};

/** A thing to look at in a lesson. */
export type PageExhibit =
  | { readonly kind: 'ladder'; readonly lines: readonly LadderLine[] }
  | {
      readonly kind: 'turn';
      readonly associations: readonly {
        readonly name: string;
        readonly sides: readonly { readonly mta: string; readonly state: string; readonly holder: string }[];
      }[];
    }
  | {
      readonly kind: 'queues';
      readonly queued: readonly (readonly [mta: string, count: number | null])[];
      readonly delivered: number;
    }
  | {
      readonly kind: 'events';
      readonly entries: readonly { readonly mta: string; readonly id: number; readonly text: string }[];
    };

/** A moment of a lesson, in the order of its story. `outcomes`: for each choice what was measured; null without a check. */
export type PageMoment<Outcome = { readonly seen: string }> =
  | { readonly kind: 'look'; readonly exhibits: readonly PageExhibit[] }
  | { readonly kind: 'ask'; readonly id: string }
  | {
      readonly kind: 'show';
      readonly id: string;
      readonly exhibits: readonly PageExhibit[];
      readonly outcomes: readonly (Outcome | null)[];
    };

/** A lesson that real MTAs have played. Texts are Markdown. */
export type PlayedLesson = Omit<PageLesson, 'done'> & {
  readonly intro: string;
  /** The words that it explains. */
  readonly words: readonly { readonly word: string; readonly means: string }[];
  readonly close: string;
  readonly questions: readonly {
    readonly id: string;
    readonly ask: string;
    readonly told: string;
    readonly choices: readonly {
      readonly says: string;
      readonly remark: string;
      readonly corrected: boolean;
      readonly right: boolean;
    }[];
  }[];
  readonly moments: readonly PageMoment[];
};
