/** Writes the logs of one MTA: console, `events.jsonl` and `ev0.log` through winston, and the APDU logs `ap0.log` and `bf0.log`. */
import { join } from 'node:path';
import { describeEvent, describeEventLines, errorMeaning, printOf, type ReportedEvent } from '@mtalab/mta-core';
import type { ApduForms, LoggedApdu } from '@mtalab/transport';
import winston from 'winston';
import { colourAllowed } from '../command-io.js';
import { decodedFormat, hexFormat } from './apdu-formats.js';
import {
  consoleFormat,
  type EventEntryLine,
  eventLogTime,
  jsonFormat,
  type LogLine,
  type NoteLine,
  textFormat,
} from './entry-formats.js';
import { RotatingFile, type RotatingFileOptions } from './rotating-file.js';

/** Where the logs of an MTA go, and how large they get. */
export type LogsOptions = {
  /** Folder of the log files. Made if missing. */
  readonly folder: string;
  /** Write to stderr too? In colour if stderr is a terminal and NO_COLOR is not set. */
  readonly console: boolean;
  /** Name of the MTA, for `info`, `warn` and `error`. Default: empty. */
  readonly node?: string;
  /** Its version of Exchange, such as `4.0`: some entries have another form in older versions. Default: 5.5. */
  readonly version?: string | undefined;
  /** The lab clock, for `info`, `warn` and `error`. Default: the wall clock. */
  readonly nowMs?: () => number;
  /** Limit of a log file, in octets. A file that would grow beyond it gets a number, and a new file begins. Default: 5 MiB. */
  readonly maxSizeBytes?: number;
  /** How many files of each log to keep. Default: 5. */
  readonly maxFiles?: number;
};

/** The logs of one MTA. */
export type Logs = {
  /** Logs an event at an instant of the lab clock. Never throws. Does not check diagnostics levels: the caller has. */
  readonly event: (event: ReportedEvent, nowMs: number, node: string) => void;
  /** Logs an APDU: decoded in `ap0.log`, in hex in `bf0.log`, or in both. */
  readonly apdu: (apdu: LoggedApdu, forms: ApduForms) => void;
  /** Logs a remark of the process, on the console and in `ev0.log`. */
  readonly info: (text: string) => void;
  /** The same for a warning. */
  readonly warn: (text: string) => void;
  /** The same for an error. */
  readonly error: (text: string) => void;
  /** Writes what is buffered, and closes the logs. A second call waits for the first. */
  readonly close: () => Promise<void>;
};

const defaultSizeBytes = 5_242_880;
const defaultFiles = 5;
/** Longest remark, in characters. */
const maxRemarkLength = 8192;

const lineOf = (info: winston.Logform.TransformableInfo) => info['line'] as LogLine;

const eventsOnly = winston.format((info) => (lineOf(info).kind === 'event' ? info : false));

type LogFile = { readonly stream: RotatingFile; readonly format: winston.Logform.Format };

function logFiles(options: LogsOptions, nowMs: () => number, onFailure: RotatingFileOptions['onFailure']): LogFile[] {
  const { folder, maxSizeBytes = defaultSizeBytes, maxFiles = defaultFiles } = options;
  const shared = { maxSizeBytes, maxFiles, onFailure };
  const lossLine = (lines: number) =>
    `note: Error\n${eventLogTime(nowMs())}\n  ${lines} entries before this one are lost: they could not be written\n`;
  const json = winston.format.combine(
    eventsOnly(),
    winston.format.printf((info) => jsonFormat(lineOf(info) as EventEntryLine)),
  );
  return [
    { stream: new RotatingFile({ ...shared, file: join(folder, 'events.jsonl'), lossLine: () => null }), format: json },
    {
      stream: new RotatingFile({ ...shared, file: join(folder, 'ev0.log'), lossLine }),
      format: winston.format.printf((info) => textFormat(lineOf(info))),
    },
  ];
}

function consoleTransport(): winston.transports.ConsoleTransportInstance {
  const colour = colourAllowed(process.stderr);
  return new winston.transports.Console({
    stderrLevels: ['error', 'warn', 'info'],
    format: winston.format.printf((info) => consoleFormat(lineOf(info), colour)),
  });
}

/** The APDU logs. They are plain text and need no winston. Each file begins with its first entry. */
function apduFiles(options: LogsOptions, nowMs: () => number, onFailure: RotatingFileOptions['onFailure']) {
  const { folder, maxSizeBytes = defaultSizeBytes, maxFiles = defaultFiles } = options;
  const fileOf = (name: string) =>
    new RotatingFile({
      file: join(folder, name),
      maxSizeBytes,
      maxFiles,
      onFailure,
      lossLine: (entries) => `${eventLogTime(nowMs())}\n  ${entries} APDUs before this one are lost: they could not be written\n`,
    });
  return { decoded: fileOf('ap0.log'), hex: fileOf('bf0.log') };
}

const winstonLevels = { Error: 'error', Warning: 'warn', Information: 'info' } as const;

/**
 * Opens the logs of one MTA. A file that cannot be written (a full disk) never stops the MTA: entries are lost, stderr gets
 * one line, and `ev0.log` says how many are missing when writing works again.
 */
export function createLogs(options: LogsOptions): Logs {
  const { node = '', nowMs = Date.now, version } = options;
  let closing: Promise<void> | null = null;
  // Also without a console: a reader of the log would take missing entries for a quiet MTA.
  const warnOnStderr = (file: string, error: Error) => {
    process.stderr.write(`mtalab: cannot write ${file}: ${error.message}; entries are lost until it can be written\n`);
  };
  const files = logFiles(options, nowMs, warnOnStderr);
  const apdus = apduFiles(options, nowMs, warnOnStderr);
  const streams = [...files.map((file) => file.stream), apdus.decoded, apdus.hex];
  const transports: winston.transport[] = files.map((file) => new winston.transports.Stream({ ...file, eol: '\n' }));
  if (options.console) transports.push(consoleTransport());
  const logger = winston.createLogger({
    level: 'info',
    levels: { error: 0, warn: 1, info: 2 },
    format: winston.format((info) => info)(),
    transports,
  });
  // Without stderr there is no place for a warning. The MTA goes on without the log.
  const ignore = () => undefined;
  logger.on('error', ignore);
  process.stderr.on('error', ignore);
  const flush = () => {
    for (const stream of streams) stream.flush();
  };
  process.on('exit', flush);

  const write = (level: 'error' | 'warn' | 'info', line: LogLine) => {
    if (closing === null) logger.log({ level, message: '', line });
  };
  const note = (text: string, type: NoteLine['type']) =>
    write(winstonLevels[type], { kind: 'note', nowMs: nowMs(), node, type, text: text.slice(0, maxRemarkLength) });
  const end = async () => {
    // The first entries of a new logger reach its transports in a later turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => {
      logger.once('finish', resolve);
      logger.end();
    });
    for (const stream of streams) await new Promise<void>((resolve) => stream.end(resolve));
    process.off('exit', flush);
    process.stderr.off('error', ignore);
  };
  return {
    event: (event, atMs, of) => {
      const text = describeEvent(event, version);
      write(winstonLevels[text.type], {
        kind: 'event',
        nowMs: atMs,
        node: of,
        event: text,
        lines: describeEventLines(event, version),
        origin: printOf(event, version).origin,
        meaning: errorMeaning(event),
      });
    },
    apdu: (apdu, { decoded, hex }) => {
      if (closing !== null) return;
      if (decoded) apdus.decoded.write(decodedFormat(apdu));
      if (hex) apdus.hex.write(hexFormat(apdu));
    },
    info: (text) => note(text, 'Information'),
    warn: (text) => note(text, 'Warning'),
    error: (text) => note(text, 'Error'),
    close: () => {
      closing ??= end();
      return closing;
    },
  };
}
