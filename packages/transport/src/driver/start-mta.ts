/** Puts one MTA together on real sockets, a real store and real mailboxes, and starts it. */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type ContentHandle, type Input, type MtaConfig, nextDeadline, type ReportedEvent, start, step } from '@mtalab/mta-core';
import type { CaptureService } from '../control/capture-schema.js';
import type { ControlServer } from '../control/server.js';
import type { Delivery } from '../delivery/delivery-sink.js';
import { ledgerDelivery } from '../delivery/ledger-delivery.js';
import { MaildirDelivery } from '../delivery/maildir-delivery.js';
import { renderReport } from '../delivery/nondelivery-report.js';
import type { SmartHostSettings } from '../delivery/smart-host.js';
import { SmtpDelivery } from '../delivery/smtp-delivery.js';
import type { MetricsAddress, MetricsServer } from '../metrics/metrics-server.js';
import { UnreadableContent } from '../net/frame-codec.js';
import type { SocketTap } from '../net/socket-tap.js';
import { heldContents } from '../rpc/held-contents.js';
import { partialMessages, RpcCodecs } from '../rpc/rpc-codecs.js';
import type { SmtpListener, SmtpSettings } from '../smtp/smtp-listener.js';
import { openSqliteStore } from '../store/sqlite-store.js';
import { type Store, StoreError } from '../store/store.js';
import { X400Codecs } from '../x400/x400-codecs.js';
import { type ApduHook, traceApdus } from './apdu-trace.js';
import { ArrivedContents } from './arrived-contents.js';
import { DriverStreams } from './control-streams.js';
import { Diagnostics } from './diagnostics.js';
import { Driver } from './driver.js';
import { metricsSource, startMetrics } from './driver-metrics.js';
import type { Ended } from './driver-options.js';
import type { CoreFunctions } from './driver-ports.js';
import { Journal, JournalFile } from './journal.js';
import { KeptPortNetwork, type LogLevel } from './kept-port-network.js';
import { KeptPorts } from './kept-ports.js';
import type { LabClock } from './lab-clock.js';
import { connectorsOf, endpointsOf, mappersOf } from './mta-status.js';
import { StartReasons } from './start-reasons.js';
import { fixedPorts, startControl, startSmtp } from './start-services.js';

export type MtaHooks = {
  /** An event-log entry that the diagnostics levels show. */
  readonly event?: (event: ReportedEvent, nowMs: number, node: string) => void;
  /** An APDU that the diagnostics levels want logged. */
  readonly apdu?: ApduHook;
  /** What the process has to say beside the event log. */
  readonly log?: (level: LogLevel, text: string) => void;
};

export type StartOptions = {
  readonly config: MtaConfig;
  /** Holds the store, `ports.json`, `control.token` and `journal.jsonl`. Made when it is not there. */
  readonly dataFolder: string;
  /**
   * Where mail for this MTA's own mailboxes goes: Maildirs under `path`; ids and digests in the store; or over SMTP to a smart host,
   * with the dead letters under `path`.
   */
  readonly delivery:
    | { readonly kind: 'maildir'; readonly path: string }
    | { readonly kind: 'ledger' }
    | { readonly kind: 'smtp'; readonly path: string; readonly smartHost: SmartHostSettings };
  /** An SMTP listener, over which mail tools submit. Default: none. */
  readonly smtp?: SmtpSettings;
  readonly clock: LabClock;
  /** The Windows NT it is said to run on, for its status: `4.0 SP6a`. Default: none is named. */
  readonly nt?: string;
  /** Port of the control channel; 0 for one that is chosen once and kept. */
  readonly control?: { readonly port: number };
  /** Where to answer scrapes of the metrics. Absent: nowhere. */
  readonly metrics?: MetricsAddress;
  /** Record every step in `journal.jsonl`. Default false. */
  readonly journal?: boolean;
  /** Octets after which the journal ends. */
  readonly maxJournalBytes?: number;
  /** Largest size of the store, in octets, up to which mail is taken in. Default: what the disk has. */
  readonly maxStoreBytes?: number;
  /** Diagnostics levels, of the control channel's event stream too. Default: None of every category. */
  readonly diagnostics?: Diagnostics;
  /** Sees the octets of its connections, and answers the commands that record them. Default: nothing does. */
  readonly captures?: { readonly tap: SocketTap; readonly service: CaptureService };
  readonly hooks?: MtaHooks;
};

export type RunningMta = {
  readonly name: string;
  /** String bindings it listens on. */
  readonly endpoints: readonly string[];
  /** Where its X.400 connector listens; nowhere when it has none. */
  readonly x400: readonly string[];
  /** Where its endpoint mapper listens; nowhere when it has none. */
  readonly mapper: readonly string[];
  /** Where its SMTP listener listens; nowhere when it has none. */
  readonly smtp: readonly string[];
  /** Where its metrics are; null when it has none. */
  readonly metrics: string | null;
  /** Ports of those, in the same order. */
  readonly ports: readonly number[];
  /** URL of the control channel. */
  readonly control: string;
  readonly tokenFile: string;
  /** Resolves when everything is closed. Never rejects. */
  readonly ended: Promise<Ended>;
  /** Stop in order. A second call is harmless. */
  stop(): Promise<Ended>;
};

const core: CoreFunctions = { start, step, nextDeadline };
/** Room for an envelope beside the largest segment, in octets. */
const envelopeRoomBytes = 1_048_576;

function maxStubBytesOf({ settings }: MtaConfig): number {
  return settings.maxMessageBytes + envelopeRoomBytes;
}

/** An empty database is a new store to SQLite. What to say if it is none: an earlier start has left something beside it. */
function emptiedStore(dataFolder: string): string | null {
  const file = join(dataFolder, 'mtadata', 'mta.db');
  const trace = ['ports.json', 'journal.jsonl'].find((name) => existsSync(join(dataFolder, name)));
  if (trace === undefined || statSync(file, { throwIfNoEntry: false })?.size !== 0) return null;
  const what = `${file} is empty, though ${join(dataFolder, trace)} tells of an earlier start: whatever mail was queued is gone`;
  return `${what}, and a new store is begun. If there is a copy of the file, stop the MTA and put it back.`;
}

function openStore(options: StartOptions, contents: ArrivedContents): Store {
  const { dataFolder, maxStoreBytes, clock, config, hooks } = options;
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  const emptied = emptiedStore(dataFolder);
  if (emptied !== null) hooks?.log?.('warn', emptied);
  try {
    return openSqliteStore(dataFolder, {
      octetsOf: contents.take,
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

type Parts = {
  readonly store: Store;
  readonly contents: ArrivedContents;
  readonly keptPorts: KeptPorts;
  readonly streams: DriverStreams;
  readonly reasons: StartReasons;
  readonly diagnostics: Diagnostics;
  /** The SMTP listener, once it listens. It needs the driver, whose status tells of it. */
  readonly smtp: { listener: SmtpListener | null };
  readonly metrics: MetricsServer | undefined;
};

function deliveryOf({ config, delivery }: StartOptions, store: Store, input: (what: Input) => void): Delivery {
  if (delivery.kind === 'ledger') return ledgerDelivery({ store, input });
  const readContent = (content: number, offset: number, length: number): Uint8Array => store.readContent(content, offset, length);
  const { path } = delivery;
  const maildirs = new MaildirDelivery({ path, storeUuid: store.recovered.storeUuid, readContent, input });
  if (delivery.kind === 'maildir') return maildirs;
  return new SmtpDelivery({
    smartHost: delivery.smartHost,
    name: config.localDomains[0],
    store,
    deadLetters: maildirs,
    input,
  });
}

/** The driver on its network, store and mailboxes, not begun. */
function assemble(options: StartOptions, parts: Parts, onRunning: () => void): Driver {
  const { config, clock, hooks } = options;
  const { store, contents, streams, reasons, diagnostics, metrics } = parts;
  let running = false;
  const input = (what: Input): void => {
    if (what.type === 'listen-failed') {
      const text = parts.reasons.noteListen(config, what.binding, what.osError);
      // No event tells of it, and the MTA runs if the connector can listen on another address.
      if (what.link === 'x400') hooks?.log?.('warn', text);
    }
    driver.input(what);
  };
  const readContent = (content: number, offset: number, length: number): Uint8Array => store.readContent(content, offset, length);
  const contentsOfFrames = {
    loadContent: ({ content, offset, length }: ContentHandle): Uint8Array => {
      if (content === undefined) throw new RangeError('only what is in the store can be sent');
      try {
        return readContent(content, offset ?? 0, length);
      } catch (error) {
        throw new UnreadableContent((error as Error).message, { cause: error });
      }
    },
    keepContent: contents.put,
  };
  const rpc = new RpcCodecs({ maxStubBytes: maxStubBytesOf(config), ...contentsOfFrames });
  const x400 = new X400Codecs({ maxTsduBytes: maxStubBytesOf(config), ...contentsOfFrames });
  const network = new KeptPortNetwork({
    ports: config,
    keptPorts: parts.keptPorts,
    codecs: { rpc, x400 },
    tap: options.captures?.tap,
    input,
    log: (level, text) => hooks?.log?.(level, text),
  });
  const driver: Driver = new Driver({
    core,
    clock,
    store,
    network,
    delivery: deliveryOf(options, store, input),
    contents,
    nt: options.nt,
    smtp: () => parts.smtp.listener?.status() ?? null,
    measures: metrics?.recorder,
    metricsUrl: metrics?.url,
    hooks: {
      event: (event, nowMs) => {
        if (!running) reasons.note(event);
        if (!diagnostics.shows(event)) return;
        streams.event(event, nowMs);
        hooks?.event?.(event, nowMs, config.name);
      },
      delivery: streams.delivery,
      warn: (text) => hooks?.log?.('warn', text),
      phase: (phase) => {
        if (phase === 'stopping' || phase === 'halted') parts.smtp.listener?.stop();
        if (phase !== 'running') return;
        running = true;
        onRunning();
      },
    },
  });
  traceApdus({
    diagnostics,
    rpc,
    x400,
    hook: hooks?.apdu,
    nowMs: () => clock.nowMs(),
    mta: () => driver.mta,
    log: (text) => hooks?.log?.('warn', text),
  });
  return driver;
}

function openJournal(options: StartOptions): Journal {
  const { config, dataFolder, maxJournalBytes, hooks } = options;
  if (options.journal !== true) return new Journal(config.name, null);
  const limit = maxJournalBytes === undefined ? {} : { maxFileBytes: maxJournalBytes };
  const warn = (text: string): void => hooks?.log?.('warn', text);
  return new Journal(config.name, new JournalFile(join(dataFolder, 'journal.jsonl'), { ...limit, warn }));
}

/**
 * Start an MTA. Resolves when its core is running.
 * @throws StoreError when the store cannot be opened; Error naming a port that is taken, or why the MTA ended at once.
 */
export async function startMta(options: StartOptions): Promise<RunningMta> {
  const { config, hooks, dataFolder } = options;
  const contents = new ArrivedContents({ heldBy: heldContents, maxBytes: partialMessages * maxStubBytesOf(config) });
  const store = openStore(options, contents);
  const streams = new DriverStreams(config.name, config.version);
  const diagnostics = options.diagnostics ?? new Diagnostics();
  const reasons = new StartReasons(config.version);
  let isRunning: () => void = () => undefined;
  let driver: Driver;
  let control: ControlServer;
  const smtp: Parts['smtp'] = { listener: null };
  let journal: Journal | undefined;
  let metrics: MetricsServer | undefined;
  try {
    const keptPorts = new KeptPorts(join(dataFolder, 'ports.json'), config.bindings, fixedPorts(options));
    const lines = openJournal(options);
    journal = lines;
    metrics = await startMetrics(options);
    const made = assemble(options, { store, contents, keptPorts, streams, reasons, diagnostics, smtp, metrics }, () =>
      isRunning(),
    );
    const record = (): void => {
      made.onStep = lines.wanted ? lines.record : null;
    };
    record();
    driver = made;
    smtp.listener = await startSmtp(options, made, keptPorts);
    control = await startControl(options, made, keptPorts, { diagnostics, streams: streams.sources(lines, record) });
  } catch (error) {
    // Nothing has happened to the mail yet: the store is left as it was found.
    await Promise.all([smtp.listener?.close(), metrics?.close()]);
    journal?.close();
    store.close(store.recovered.clean);
    throw error;
  }
  const ended = driver.ended.then(async (end) => {
    if (end.error !== undefined) hooks?.log?.('error', end.error.stack ?? end.error.message);
    await options.captures?.service.finish();
    await Promise.all([control.close(), smtp.listener?.close(), metrics?.close()]);
    journal.close();
    return end;
  });
  await new Promise<void>((resolve, reject) => {
    isRunning = resolve;
    void ended.then((end) => reject(reasons.errorOf(config.name, end, config.bindings.filter(({ enabled }) => enabled).length)));
    driver.begin(config, store.recovered);
    metrics?.serve(() => metricsSource(driver, options));
  });
  return {
    name: config.name,
    endpoints: endpointsOf(driver.mta),
    x400: connectorsOf(driver.mta),
    mapper: mappersOf(driver.mta),
    smtp: smtp.listener === null ? [] : [smtp.listener.endpoint],
    metrics: metrics?.url ?? null,
    ports: driver.mta.rpc.addresses.flatMap(({ state, serves, port }) => (state === 'up' && serves === 'mta' ? [port] : [])),
    control: control.url,
    tokenFile: control.tokenFile,
    ended,
    stop() {
      driver.input({ type: 'stop' });
      return ended;
    },
  };
}
