/** The MTAs that a load goes to: those of a lab, or of a run that something else has started. */
import type { NetworkState } from '@mtalab/scenario';
import type { ControlClient, DeliveryNotice, RequestOptions } from '@mtalab/transport';
import type { Answer } from '../process/answers.js';

/** What a load may do to the link between the MTAs. */
export type LinkControl = {
  /** Arms a fault. `hits` counts how often it acted, as far as is known. */
  fault(text: string): Promise<{ readonly text: string; readonly hits: () => Promise<number> }>;
  cut(): Promise<void>;
  network(state: NetworkState): Promise<void>;
  release(): Promise<void>;
  heal(): Promise<void>;
  /** Keeps all octets back, in both directions and also on new connections, until `resume`. */
  pause?(): void;
  resume?(): void;
};

/** How an MTA is set up, as far as its status does not say it. */
export type MtaSetup = { readonly threshold: number; readonly associationsPerMta: number };

/** Where the deliveries of an MTA are on disk. */
export type MtaPlaces = {
  /** Its data folder, with the store. */
  readonly data: string;
  /** How it delivers. What goes on over SMTP leaves nothing on its disk. */
  readonly delivery: 'ledger' | 'maildir' | 'smtp';
  /** Folder of its Maildirs, if it has them. */
  readonly mailboxes: string;
};

export type LoadTarget = {
  readonly names: readonly string[];
  readonly timeScale: number;
  /** The mail domain of an MTA. */
  domain(name: string): string;
  /** The control channel of an MTA; undefined while it is down. */
  client(name: string): ControlClient | undefined;
  /** Asks all MTAs at once, each by itself and with a short limit. */
  ask<T>(ask: (client: ControlClient, limit: RequestOptions) => Promise<T>): Promise<readonly Answer<T>[]>;
  /** Calls `note` for each delivery from now on. Returns a function that ends this. */
  follow(note: (notice: DeliveryNotice) => void): Promise<() => void>;
  /** An instant of the clock of an MTA in milliseconds of the monotonic clock of this machine. */
  realMs(name: string, labMs: number): number;
  setup(name: string): MtaSetup;
  places(name: string): MtaPlaces;
  /** Undefined: no proxy is between the MTAs. */
  readonly link: LinkControl | undefined;
  /** Sends a signal to the process of an MTA. */
  signal(name: string, signal: NodeJS.Signals): void;
  /** Stops or kills an MTA and starts it again. Undefined: nobody supervises the MTAs. */
  readonly restart: ((name: string, kill: boolean) => Promise<void>) | undefined;
  /** Is nothing under way, so that only a timer could make anything happen? Undefined: nobody can tell. */
  readonly atRest: (() => Promise<boolean>) | undefined;
  /** The MTAs that have ended by themselves, with the reason of each. */
  ended(): readonly string[];
};
