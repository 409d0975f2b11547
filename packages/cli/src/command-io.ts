/** Where a command writes: data on stdout, progress and errors on stderr. */
import { exitCodes } from './errors.js';

export type CommandIo = {
  /** Data. Several lines may come in one call; a line end is added. */
  readonly out: (text: string) => void;
  /** Progress and errors. A line end is added. */
  readonly err: (text: string) => void;
  /** May stdout be coloured? */
  readonly outColour: boolean;
  /** May stderr be coloured and redrawn? */
  readonly errTty: boolean;
  readonly errColour: boolean;
  /** Raw octets to stderr, for redrawing a status. */
  readonly errRaw: (text: string) => void;
  readonly errColumns: () => number;
  /** Aborted when the reader of stdout has gone away (`mtalab ... | head`). */
  readonly readerGone: AbortSignal;
};

/** A stream gets colour if it is a terminal, and neither NO_COLOR nor TERM=dumb is set. */
export function colourAllowed(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb';
}

/** The streams of this process. A reader that goes away never throws: it is told through `readerGone`. */
export function processIo(): CommandIo {
  const gone = new AbortController();
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (gone.signal.aborted) return;
    gone.abort();
    if (error.code === 'EPIPE') return;
    // A full disk, say: what was asked for is lost, and no exit code may hide that.
    process.stderr.write(`mtalab: stdout cannot be written: ${error.message}\n`);
    process.on('exit', () => {
      process.exitCode ||= exitCodes.failed;
    });
  });
  // Nobody reads the progress any more: there is nobody to tell, and the work goes on.
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
    // Some terminals say 0.
    errColumns: () => process.stderr.columns || 80,
    readerGone: gone.signal,
  };
}

/** One JSON document, for `--json`: indented for people when it stands alone, one line when it is one of many. */
export function outJson(io: CommandIo, value: unknown): void {
  io.out(JSON.stringify(value, null, 2));
}

export function outJsonLine(io: CommandIo, value: unknown): void {
  io.out(JSON.stringify(value));
}
