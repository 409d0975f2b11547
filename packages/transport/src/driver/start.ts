/** Puts one MTA together on real sockets, a real store and real mailboxes, and starts it. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describeEvent, type MtaConfig, nextDeadline, type ReportedEvent, start, step } from '@mtalab/mta-core';
import { ControlServer } from '../control/server.js';
import type { Delivery } from '../delivery/delivery.js';
import { ledgerDelivery } from '../delivery/ledger.js';
import { MaildirDelivery } from '../delivery/maildir.js';
import { renderReport } from '../delivery/report.js';
import { openSqliteStore } from '../store/sqlite.js';
import { type Store, StoreError } from '../store/store.js';
import { takeContent } from '../wire/contents.js';
import type { LabClock } from './clock.js';
import { Driver } from './driver.js';
import { Journal, JournalFile } from './journal.js';
import { KeptPorts } from './kept-ports.js';
import type { Ended } from './options.js';
import type { CoreFunctions } from './ports.js';
import { endpointsOf } from './status.js';
import { DriverStreams } from './streams.js';
import { type LogLevel, WiredNetwork } from './wiring.js';

export type MtaHooks = {
  /** An event-log entry, whatever its diagnostics level. */
  readonly event?: (event: ReportedEvent, nowMs: number, node: string) => void;
  /** What the process has to say beside the event log. */
  readonly log?: (level: LogLevel, text: string) => void;
};

export type StartOptions = {
  readonly config: MtaConfig;
  /** Holds the store, `ports.json`, `control.token` and `journal.jsonl`. Made when it is not there. */
  readonly dataFolder: string;
  /** Where mail for this MTA's own mailboxes goes: Maildirs under `path`, or ids and digests in the store. */
  readonly delivery: { readonly kind: 'maildir'; readonly path: string } | { readonly kind: 'ledger' };
  readonly clock: LabClock;
  /** Port of the control channel; 0 for one that is chosen once and kept. */
  readonly control?: { readonly port: number };
  /** Record every step in `journal.jsonl`. Default false. */
  readonly journal?: boolean;
  /** Octets after which the journal ends. */
  readonly maxJournalBytes?: number;
  /** Largest size of the store, in octets, up to which mail is taken in. Default: what the disk has. */
  readonly maxStoreBytes?: number;
  /** Diagnostics level of the control channel's event stream. Default 0. */
  readonly eventLevel?: number;
  readonly hooks?: MtaHooks;
};

export type RunningMta = {
  readonly name: string;
  /** String bindings it listens on. */
  readonly endpoints: readonly string[];
  /** Ports of those, in the same order. */
  readonly ports: readonly number[];
  /** URL of the control channel. */
  readonly control: string;
  readonly tokenFile: string;
  /** Resolves when everything is closed. Never rejects. */
  readonly ended: Promise<Ended>;
  /** Stop in order. Harmless when asked again. */
  stop(): Promise<Ended>;
};

const core: CoreFunctions = { start, step, nextDeadline };
/** Room for an envelope beside the largest segment, in octets. */
const envelopeRoomBytes = 1_048_576;
/** Events remembered for the message of a start that fails. */
const maxReasons = 5;

function openStore(options: StartOptions): Store {
  const { dataFolder, maxStoreBytes, clock, config, hooks } = options;
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  try {
    return openSqliteStore(dataFolder, {
      octetsOf: takeContent,
      render: renderReport,
      ...(maxStoreBytes === undefined ? {} : { maxStoreBytes }),
    });
  } catch (error) {
    if (error instanceof StoreError && error.detailsPath !== undefined) {
      hooks?.event?.({ id: 2152, params: { path: error.detailsPath } }, clock.nowMs(), config.name);
    }
    throw error;
  }
}

/** Words of the latest events, for the case that the start fails. */
class Reasons {
  readonly #texts: string[] = [];

  note(event: ReportedEvent): void {
    const { id, type, text } = describeEvent(event);
    if (type === 'Information') return;
    this.#texts.push(`event ${id}: ${text}`);
    if (this.#texts.length > maxReasons) this.#texts.shift();
  }

  errorOf(name: string, ended: Ended): Error {
    if (ended.error !== undefined) return ended.error;
    const reasons = this.#texts.length === 0 ? 'it gave no reason' : this.#texts.join(' ');
    return new Error(`MTA ${name} ended with code ${ended.code} before it was running: ${reasons}`);
  }
}

async function startControl(
  options: StartOptions,
  driver: Driver,
  ports: KeptPorts,
  sources: ReturnType<DriverStreams['sources']>,
): Promise<ControlServer> {
  const log = (text: string): void => options.hooks?.log?.('error', text);
  const backend = { driver, clock: options.clock, settings: options.config.settings, streams: sources, log };
  const tokenFile = join(options.dataFolder, 'control.token');
  const configured = options.control?.port ?? 0;
  if (configured !== 0) return ControlServer.start({ backend, tokenFile, port: configured });
  let server: ControlServer;
  try {
    server = await ControlServer.start({ backend, tokenFile, port: ports.control });
  } catch (error) {
    if (ports.control === 0 || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    const text = `control port ${ports.control}, kept from an earlier start, cannot be had again: a fresh one is taken`;
    options.hooks?.log?.('warn', text);
    server = await ControlServer.start({ backend, tokenFile, port: 0 });
  }
  ports.keepControl(server.port);
  return server;
}

/**
 * Start an MTA. Resolves when its core is running.
 * @throws StoreError when the store cannot be opened; Error naming a port that is taken, or why the MTA ended at once.
 */
export async function startMta(options: StartOptions): Promise<RunningMta> {
  const { config, clock, hooks, dataFolder } = options;
  const { name } = config;
  const store = openStore(options);
  const log = (level: LogLevel, text: string): void => hooks?.log?.(level, text);
  const streams = new DriverStreams(name, options.eventLevel ?? 0);
  const reasons = new Reasons();
  let phaseChanged: (phase: string) => void = () => undefined;
  let starting = true;
  let journalFile: JournalFile | null = null;
  let control: ControlServer | undefined;
  try {
    const keptPorts = new KeptPorts(join(dataFolder, 'ports.json'), config.listen);
    const input = (what: Parameters<Driver['input']>[0]): void => driver.input(what);
    const readContent = (content: number, offset: number, length: number): Uint8Array => store.readContent(content, offset, length);
    const maxStubBytes = config.settings.maxMessageBytes + envelopeRoomBytes;
    const network = new WiredNetwork({ listen: config.listen, keptPorts, input, readContent, log, maxStubBytes });
    const delivery: Delivery =
      options.delivery.kind === 'ledger'
        ? ledgerDelivery({ store, input })
        : new MaildirDelivery({ path: options.delivery.path, storeUuid: store.recovered.storeUuid, readContent, input });
    const driver: Driver = new Driver({
      core,
      clock,
      store,
      network,
      delivery,
      hooks: {
        event: (event, nowMs) => {
          if (starting) reasons.note(event);
          streams.event(event, nowMs);
          hooks?.event?.(event, nowMs, name);
        },
        delivery: streams.delivery,
        phase: (phase) => phaseChanged(phase),
      },
    });
    if (options.journal === true) {
      const limit = options.maxJournalBytes === undefined ? {} : { maxFileBytes: options.maxJournalBytes };
      journalFile = new JournalFile(join(dataFolder, 'journal.jsonl'), { ...limit, warn: (text) => log('warn', text) });
    }
    const journal = new Journal(name, journalFile);
    const sources = streams.sources(journal, () => {
      driver.onStep = journal.wanted ? journal.record : null;
    });
    driver.onStep = journal.wanted ? journal.record : null;
    const server = await startControl(options, driver, keptPorts, sources);
    control = server;
    const ended = driver.ended.then(async (end) => {
      if (end.error !== undefined) log('error', end.error.stack ?? end.error.message);
      await server.close();
      journal.close();
      return end;
    });
    const running = new Promise<void>((resolve, reject) => {
      phaseChanged = (phase) => {
        if (phase === 'running') resolve();
      };
      void ended.then((end) => reject(reasons.errorOf(name, end)));
    });
    driver.begin(config, store.recovered);
    await running;
    starting = false;
    const up = driver.mta.rpc.addresses.filter((address) => address.state === 'up');
    return {
      name,
      endpoints: endpointsOf(driver.mta),
      ports: up.map((address) => address.port),
      control: server.url,
      tokenFile: server.tokenFile,
      ended,
      stop() {
        driver.input({ type: 'stop' });
        return ended;
      },
    };
  } catch (error) {
    // Nothing of mail has happened yet if the driver has not begun: the store is as it was found. Closing it again is harmless.
    if (control === undefined) {
      journalFile?.close();
      store.close(store.recovered.clean);
    }
    throw error;
  }
}
