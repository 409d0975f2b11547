/** `mtalab ladder --follow`: reads journals while they grow, and prints each line of the ladder when it is known what became of it. */
import { existsSync } from 'node:fs';
import { isRunning, pause, type RunEntry } from '@mtalab/harness';
import { folded, isNote, JournalReader, LadderFollower, type LadderLine, LadderStream } from '@mtalab/trace';
import { type CommandIo, outJsonLine } from '../command-io.js';
import { CliError, exitCodes } from '../errors.js';
import { onInterrupt } from '../interrupt.js';
import { JournalTail } from '../logs/journal-tail.js';
import { chosenRun } from '../running-mtas.js';
import { journalsOf } from './journals.js';

export type FollowFlags = {
  readonly format: 'text' | 'json';
  readonly dir?: string;
  readonly fromStart?: boolean;
  readonly association?: string;
  readonly all?: boolean;
  readonly width?: number;
};

/** Real time between two looks at the journals, ms. */
const pollMs = 200;
/** Columns that a row takes at most, unless --width says otherwise. */
const usualColumns = 100;

/** One journal, with the lab time up to which it is read. */
type Source = { readonly tail: JournalTail; reader: JournalReader; readMs: number; atEnd: boolean };

class Follow {
  readonly #io: CommandIo;
  readonly #sources: readonly Source[];
  readonly #follower: LadderFollower;
  readonly #names: Set<string>;

  /** @param names the MTAs, as far as they are known. */
  constructor(io: CommandIo, files: Iterable<string>, names: Iterable<string>) {
    this.#io = io;
    this.#sources = [...files].map((file) => ({
      tail: new JournalTail(file),
      reader: new JournalReader(file),
      readMs: Number.NEGATIVE_INFINITY,
      atEnd: false,
    }));
    this.#names = new Set(names);
    this.#follower = new LadderFollower({ nodes: [...this.#names] });
  }

  get names(): readonly string[] {
    return [...this.#names];
  }

  /** Reads what the journals have at the start, the one that is behind first. Calls `take` with the lines that are ready. */
  async catchUp(take: (lines: readonly LadderLine[]) => void, signal: AbortSignal): Promise<void> {
    for (;;) {
      const [next, ...others] = this.#sources
        .filter(({ atEnd }) => !atEnd)
        .toSorted((one, other) => (one.readMs < other.readMs ? -1 : 1));
      if (next === undefined || signal.aborted) break;
      await this.#read(next);
      const upToMs = [next, ...others].filter(({ atEnd }) => !atEnd).map(({ readMs }) => readMs);
      take(this.#follower.ready(performance.now(), Math.min(Number.POSITIVE_INFINITY, ...upToMs)));
    }
  }

  /** The lines that have become ready. */
  async next(): Promise<readonly LadderLine[]> {
    // A busy journal must not keep the others waiting, so each gets one chunk a round.
    for (const source of this.#sources) await this.#read(source);
    const behind = this.#sources.filter(({ atEnd }) => !atEnd).map(({ readMs }) => readMs);
    return this.#follower.ready(performance.now(), Math.min(Number.POSITIVE_INFINITY, ...behind));
  }

  /** Is there more to read at once? */
  get isBehind(): boolean {
    return this.#sources.some(({ atEnd }) => !atEnd);
  }

  end(): readonly LadderLine[] {
    for (const source of this.#sources) source.reader.end();
    this.#remark();
    return this.#follower.end();
  }

  async #read(source: Source): Promise<void> {
    const { tail } = source;
    const { lines, replaced, atEnd } = await tail.read();
    if (replaced) source.reader = new JournalReader(tail.file);
    source.atEnd = atEnd;
    for (const line of lines) {
      const located = source.reader.take(line);
      if (located === null) continue;
      source.readMs = located.entry.t;
      this.#names.add(located.entry.node);
      this.#follower.take(tail.file, located, performance.now());
    }
    this.#remark();
  }

  /** Prints the remarks so far. */
  #remark(): void {
    for (const { reader } of this.#sources) for (const text of reader.remarks.splice(0)) this.#io.err(`mtalab: ${text}`);
  }
}

/** Prints lines as rows of text or as JSON. */
class Printer {
  readonly #io: CommandIo;
  readonly #flags: FollowFlags;
  #stream: LadderStream | undefined;
  #names = '';

  constructor(io: CommandIo, flags: FollowFlags) {
    this.#io = io;
    this.#flags = flags;
  }

  /** @param silent takes the beliefs only. */
  take(lines: readonly LadderLine[], names: readonly string[], silent = false): void {
    const { association, format, all } = this.#flags;
    const chosen =
      association === undefined
        ? lines
        : lines.filter((line) => line.association === association || (isNote(line) && line.association === null));
    if (format === 'json') {
      if (!silent) for (const line of chosen) outJsonLine(this.#io, line);
      return;
    }
    if (chosen.length === 0) return;
    const stream = this.#for(names, silent);
    if (silent) for (const line of chosen) stream.skip(line);
    else for (const line of all === true ? chosen : folded(chosen)) this.#print(stream.rows(line));
  }

  /** The head, before anything has passed: it shows that the command follows. */
  begin(names: readonly string[]): void {
    if (this.#flags.format !== 'json' && names.length > 0) this.#print(this.#for(names, true).head());
  }

  /** A new MTA changes the columns. */
  #for(names: readonly string[], silent: boolean): LadderStream {
    const { width } = this.#flags;
    const key = names.toSorted().join('\n');
    if (this.#stream !== undefined && key === this.#names) return this.#stream;
    const columns = Math.min(usualColumns, this.#io.outColumns());
    this.#stream = new LadderStream(names, { columns, ...(width === undefined ? {} : { width }) });
    this.#names = key;
    if (!silent) this.#print(this.#stream.head());
    return this.#stream;
  }

  #print(rows: readonly string[]): void {
    if (rows.length > 0) this.#io.out(rows.join('\n'));
  }
}

/** Where the lines come from: the files that are given, or the journals of the chosen run. */
async function sourceOf(io: CommandIo, files: readonly string[], { dir }: FollowFlags) {
  if (files.length > 0) {
    const missing = files.find((file) => !existsSync(file));
    if (missing !== undefined) throw new CliError(`cannot read ${missing}: there is no such file`);
    return { run: null, follow: new Follow(io, files, []) };
  }
  const run: RunEntry = await chosenRun(io, dir === undefined ? {} : { dir }, 'look');
  const journals = journalsOf(io, run);
  return { run, follow: new Follow(io, journals.values(), journals.keys()) };
}

/** Follows until Ctrl-C, or until the run is over. */
export async function followLadder(io: CommandIo, files: readonly string[], flags: FollowFlags): Promise<number> {
  const { run, follow } = await sourceOf(io, files, flags);
  const printer = new Printer(io, flags);
  const interrupt = onInterrupt(io.readerGone);
  const { signal } = interrupt;
  try {
    const fromStart = flags.fromStart === true;
    if (fromStart) printer.begin(follow.names);
    await follow.catchUp((lines) => printer.take(lines, follow.names, !fromStart), signal);
    if (!fromStart) printer.begin(follow.names);
    for (let more = true; more && !signal.aborted; ) {
      // This comes before the reading, so that the last entries of the run are read too.
      more = run === null || (await isRunning(run));
      printer.take(await follow.next(), follow.names);
      while (!more && follow.isBehind && !signal.aborted) printer.take(await follow.next(), follow.names);
      if (more && !follow.isBehind) await pause(pollMs, signal);
    }
    if (!signal.aborted) {
      printer.take(follow.end(), follow.names);
      io.err('the run is over');
    }
    return exitCodes.ok;
  } finally {
    interrupt.dispose();
  }
}
