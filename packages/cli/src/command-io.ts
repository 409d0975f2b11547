/** The output of a command: data on stdout, progress and errors on stderr. */
import { exitCodes } from './errors.js';
import { openScreen, type Screen, type ScreenEvents } from './screen.js';

export type CommandIo = {
  /** Writes data, of one or more lines, and a line end. */
  readonly out: (text: string) => void;
  /** Writes progress or an error, and a line end. */
  readonly err: (text: string) => void;
  /** May stdout be coloured? */
  readonly outColour: boolean;
  /** May stderr be coloured and redrawn? */
  readonly errTty: boolean;
  readonly errColour: boolean;
  /** Writes to stderr without a line end, to redraw a status. */
  readonly errRaw: (text: string) => void;
  readonly errColumns: () => number;
  readonly errRows: () => number;
  /** Calls the function when the terminal of stderr has a new size. Returns a function that ends this. */
  readonly onErrResize: (resized: () => void) => () => void;
  /** Columns that output on stdout may take: those of its terminal, or no limit in a file or a pipe. */
  readonly outColumns: () => number;
  /** Takes the whole terminal of stdin and stdout. Undefined, or gives undefined, where there is none. */
  readonly openScreen?: (events: ScreenEvents) => Screen | undefined;
  /** Aborts when the reader of stdout goes away (`mtalab ... | head`). */
  readonly readerGone: AbortSignal;
};

/** A stream gets colour if it is a terminal, and neither NO_COLOR nor TERM=dumb is set. */
export function colourAllowed(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb';
}

/** The streams of this process. When the reader of stdout goes away, `readerGone` aborts and nothing throws. */
export function processIo(): CommandIo {
  const gone = new AbortController();
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (gone.signal.aborted) return;
    gone.abort();
    if (error.code === 'EPIPE') return;
    // For instance a full disk. The output is lost, so the command has failed.
    process.stderr.write(`mtalab: stdout cannot be written: ${error.message}\n`);
    process.on('exit', () => {
      process.exitCode ||= exitCodes.failed;
    });
  });
  // Nobody reads the progress any more. The work goes on.
  process.stderr.on('error', () => undefined);
  return {
    out: (text) => {
      if (!gone.signal.aborted) process.stdout.write(`${text}\n`);
    },
    err: (text) => {
      process.stderr.write(`${text}\n`);
    },
    errRaw: (text) => {
      process.stderr.write(text);
    },
    outColour: colourAllowed(process.stdout),
    errTty: process.stderr.isTTY === true && process.env['TERM'] !== 'dumb',
    errColour: colourAllowed(process.stderr),
    // Some terminals report 0 columns.
    errColumns: () => process.stderr.columns || 80,
    errRows: () => process.stderr.rows || 24,
    onErrResize: (resized) => {
      process.stderr.on('resize', resized);
      return () => void process.stderr.off('resize', resized);
    },
    outColumns: () => (process.stdout.isTTY === true ? process.stdout.columns || 80 : Number.POSITIVE_INFINITY),
    openScreen,
    readerGone: gone.signal,
  };
}

/** Prints one indented JSON document. */
export function outJson(io: CommandIo, value: unknown): void {
  io.out(JSON.stringify(value, null, 2));
}

/** Prints one line of JSON, for output of many documents. */
export function outJsonLine(io: CommandIo, value: unknown): void {
  io.out(JSON.stringify(value));
}
