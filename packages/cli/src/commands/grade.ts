/** `mtalab grade PEER`: judges a peer program over seeded schedules, and draws the shortest one that fails. */
import { type Failure, type Grade, grade, PeerUnfit, scheduleLines, shellWord } from '@mtalab/harness';
import { counted } from '@mtalab/scenario';
import { folded, type LadderLine, ladderAsText, withShortOpenings } from '@mtalab/trace';
import { type CommandIo, outJson } from '../command-io.js';
import type { CommandRun } from '../command-tree/command-entry.js';
import { exitCodes } from '../errors.js';
import { onInterrupt } from '../interrupt.js';
import { paint } from '../render/colours.js';
import { LiveStatus } from '../render/live-status.js';

type Flags = { readonly schedules: number; readonly seed: number; readonly stall: number; readonly json?: boolean };

/** The peer could not be judged. */
const unfitCode = 3;
/** Most lines of a ladder that are drawn; `--json` has all. */
const maxDrawn = 80;

export const run: CommandRun = async ({ io, args, options }) => {
  const flags = options as Flags;
  const [command, more] = args as readonly [string, readonly string[]];
  const live = new LiveStatus(io);
  const interrupt = onInterrupt(io.readerGone);
  const started = performance.now();
  try {
    const result = await grade({
      command,
      args: more,
      schedules: flags.schedules,
      seed: flags.seed,
      stallMs: flags.stall,
      signal: interrupt.signal,
      progress: (played) => {
        if (flags.json !== true && io.errTty) live.show([`${played} of ${flags.schedules} schedules`]);
      },
    });
    live.clear();
    const repeat = repeatCommand(command, more, result.failure?.seed ?? flags.seed);
    if (flags.json === true) outJson(io, { ...result, repeat: result.pass ? null : repeat, unfit: null });
    else io.out(render(io, result, repeat, (performance.now() - started) / 1000));
    return result.pass ? exitCodes.ok : exitCodes.failed;
  } catch (error) {
    live.clear();
    if (interrupt.signal.aborted) return exitCodes.interrupted;
    if (!(error instanceof PeerUnfit)) throw error;
    if (flags.json === true)
      outJson(io, { pass: false, schedules: null, seed: flags.seed, failure: null, repeat: null, unfit: error.message });
    io.err(`mtalab: ${error.message}`);
    io.err('The peer cannot be judged. docs/grade.md describes what a peer program must do.');
    return unfitCode;
  } finally {
    interrupt.dispose();
  }
};

function repeatCommand(command: string, args: readonly string[], seed: number): string {
  const words = args.length === 0 ? [] : ['--', ...args.map(shellWord)];
  return ['mtalab grade', shellWord(command), `--seed ${seed} --schedules 1`, ...words].join(' ');
}

function render(io: CommandIo, { failure, schedules, seed }: Grade, repeat: string, seconds: number): string {
  const { green } = paint(io.outColour, io.outColumns());
  if (failure !== null) return renderFailure(io, failure, schedules, repeat);
  const which = schedules === 1 ? `seed ${seed}` : `seeds ${seed} to ${seed + schedules - 1}`;
  return `${green('pass')}: ${counted(schedules, 'schedule')} (${which}) keep every rule, ${seconds.toFixed(1)} s`;
}

function renderFailure(io: CommandIo, failure: Failure, schedules: number, repeat: string): string {
  const { bold, red } = paint(io.outColour, io.outColumns());
  const { rule, detail, expected, where, seed, schedule, partsBefore, ladder } = failure;
  const parts = schedule.messages.length + schedule.faults.length;
  return [
    `${red(`FAILS: ${rule}`)} in schedule ${schedules} (seed ${seed})`,
    `  expected:  ${expected}`,
    `  happened:  ${detail}`,
    `  see:       ${where}`,
    `  repeat:    ${repeat}`,
    '',
    bold(`The shortest schedule that fails so (${counted(parts, 'part')} of ${partsBefore}):`),
    ...scheduleLines(schedule).map((line) => `  ${line}`),
    '',
    drawn(io, ladder),
  ].join('\n');
}

function drawn(io: CommandIo, ladder: readonly LadderLine[]): string {
  const lines = folded(withShortOpenings(ladder));
  const last = lines.slice(-maxDrawn);
  const text = ladderAsText(last, { columns: io.outColumns() });
  return last.length === lines.length ? text : `(${lines.length - last.length} lines before these are left out)\n${text}`;
}
