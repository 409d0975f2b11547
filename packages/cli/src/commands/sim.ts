/** `mtalab sim`: simulates MTAs on virtual time with seeded faults, and checks the rules. */

import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { shellWord } from '@mtalab/harness';
import type { Settings } from '@mtalab/mta-core';
import {
  infoOf,
  type Ratio,
  type Shrunk,
  type SimFaultKind,
  type SimLink,
  type SimOptions,
  type SimPlan,
  type SimResult,
  shrinkPlan,
  simFaultKinds,
  simFaultText,
  simOptions,
  simOptionsText,
  simulate,
  simulatePlan,
  type Topology,
  verdictText,
} from '@mtalab/proof';
import { counted } from '@mtalab/scenario';
import { type CommandIo, outJson } from '../command-io.js';
import type { CommandRun } from '../command-tree/command-entry.js';
import { knownArticle } from '../config/releases.js';
import { exitCodes, messageOf, UsageError } from '../errors.js';
import { onInterrupt } from '../interrupt.js';
import { settingOption } from '../option-values.js';
import { paint } from '../render/colours.js';
import { LiveStatus } from '../render/live-status.js';
import { SimTotals } from '../render/sim.js';

type Flags = {
  readonly seed: number;
  readonly seeds?: number;
  readonly mtas?: number;
  readonly topology?: Topology;
  readonly link?: SimLink;
  readonly faults: string;
  readonly messages?: number;
  readonly swarm: boolean;
  readonly legacy?: readonly string[];
  readonly set?: readonly string[];
  readonly journal?: string;
  readonly shrink?: boolean;
  readonly plan?: string;
  readonly savePlan?: string;
  readonly json?: boolean;
};

type Failure = { readonly result: SimResult; readonly replay: string; readonly shrunk: Shrunk | null };

/** The command stops at this many failed seeds. A few show whether they fail alike. */
const maxFailures = 5;

export const run: CommandRun = async ({ io, options }) => {
  const flags = options as Flags;
  const wanted = simOptionsOf(flags);
  const single = flags.seeds === undefined || flags.plan !== undefined;
  if (!single && (flags.journal !== undefined || flags.savePlan !== undefined)) {
    throw new UsageError('--journal and --save-plan take one seed; use --seed instead of --seeds');
  }
  if (flags.json !== true) announce(io, flags, wanted);
  const outcome = single ? runOneSeed(io, flags, wanted) : await runSeeds(io, flags, wanted);
  if (flags.json === true) outJson(io, asJson(flags, wanted, outcome));
  else io.out(outcome.totals.text());
  return outcome.failures.length === 0 ? exitCodes.ok : exitCodes.failed;
};

type Outcome = { readonly totals: SimTotals; readonly failures: readonly Failure[] };

/** @throws UsageError naming an option that makes no sense. */
function simOptionsOf(flags: Flags): SimOptions {
  const legacy = (flags.legacy ?? []).map(knownArticle);
  const settings = Object.fromEntries((flags.set ?? []).map(settingOption)) as Partial<Settings>;
  try {
    return simOptions({
      faults: faultsOf(flags.faults),
      swarm: flags.swarm,
      legacy,
      settings,
      ...(flags.mtas === undefined ? {} : { mtas: flags.mtas }),
      ...(flags.topology === undefined ? {} : { topology: flags.topology }),
      ...(flags.link === undefined ? {} : { link: flags.link }),
      ...(flags.messages === undefined ? {} : { messages: flags.messages }),
    });
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

/** Reads `all`, `none`, or a list such as `cut,lose=1/50`. */
function faultsOf(text: string): SimOptions['faults'] {
  if (text === 'none') return {};
  const faults: Partial<Record<SimFaultKind, Ratio>> = {};
  for (const part of text.split(',').map((each) => each.trim())) {
    const [, name = part, n, of] = /^([a-z-]+)(?:=(\d{1,9})\/(\d{1,9}))?$/.exec(part) ?? [];
    const kinds = name === 'all' ? simFaultKinds : simFaultKinds.filter((kind) => kind === name);
    if (kinds.length === 0 || (name === 'all' && n !== undefined)) {
      throw new UsageError(
        `--faults takes all, none, or a list of faults such as cut,lose=1/50, not "${part}"; the faults are ${simFaultKinds.join(', ')}`,
      );
    }
    for (const kind of kinds) faults[kind] = n === undefined ? infoOf(kind).ratio : { n: Number(n), of: Number(of) };
  }
  return faults;
}

/** The command that repeats one seed. */
function replayOf(flags: Flags, seed: number): string {
  const words = ['mtalab', 'sim', '--seed', String(seed)];
  if (flags.mtas !== undefined) words.push('--mtas', String(flags.mtas));
  if (flags.topology !== undefined) words.push('--topology', flags.topology);
  if (flags.link !== undefined) words.push('--link', flags.link);
  if (flags.messages !== undefined) words.push('--messages', String(flags.messages));
  if (flags.faults !== 'all') words.push('--faults', flags.faults);
  if (!flags.swarm) words.push('--no-swarm');
  if (flags.legacy !== undefined) words.push('--legacy', flags.legacy.join(','));
  for (const each of flags.set ?? []) words.push('--set', each);
  return words.map(shellWord).join(' ');
}

function announce(io: CommandIo, flags: Flags, wanted: SimOptions): void {
  const seeds = flags.seeds === undefined ? `seed: ${flags.seed}` : `seeds: ${flags.seed} to ${flags.seed + flags.seeds - 1}`;
  const lines = flags.plan === undefined ? [seeds, ...simOptionsText(wanted)] : [`plan: ${flags.plan}`];
  io.out(lines.join('\n'));
}

function runOneSeed(io: CommandIo, flags: Flags, wanted: SimOptions): Outcome {
  const totals = new SimTotals();
  const plan = flags.plan === undefined ? null : readPlan(flags.plan);
  const result = recorded(flags.journal, (hooks) =>
    plan === null ? simulate(wanted, flags.seed, hooks) : simulatePlan(plan, hooks),
  );
  totals.add(result);
  const failures = result.ok ? [] : [reportFailure(io, flags, result)];
  const shrunk = failures[0]?.shrunk ?? null;
  // The journal and the plan are of the shrunk run.
  if (shrunk !== null) recorded(flags.journal, (hooks) => simulatePlan(shrunk.plan, hooks));
  if (flags.savePlan !== undefined) writeFileSync(flags.savePlan, `${JSON.stringify(shrunk?.plan ?? result.plan, null, 1)}\n`);
  return { totals, failures };
}

/** Runs a simulation, and writes its journal into the file, if one is given. */
function recorded(
  file: string | undefined,
  simulation: (hooks: { readonly journal?: (line: string) => void }) => SimResult,
): SimResult {
  if (file === undefined) return simulation({});
  const descriptor = openSync(file, 'w', 0o600);
  const lines: string[] = [];
  const flush = (): void => {
    if (lines.length > 0) writeSync(descriptor, `${lines.splice(0).join('\n')}\n`);
  };
  try {
    const result = simulation({
      journal: (line) => {
        lines.push(line);
        if (lines.length >= 1000) flush();
      },
    });
    flush();
    return result;
  } finally {
    closeSync(descriptor);
  }
}

async function runSeeds(io: CommandIo, flags: Flags, wanted: SimOptions): Promise<Outcome> {
  const totals = new SimTotals();
  const failures: Failure[] = [];
  const live = new LiveStatus(io);
  const interrupt = onInterrupt(io.readerGone);
  let turnAtMs = performance.now();
  for (let seed = flags.seed; seed < flags.seed + (flags.seeds ?? 1) && failures.length < maxFailures; seed += 1) {
    const result = simulate(wanted, seed);
    totals.add(result);
    if (!result.ok) {
      live.clear();
      failures.push(reportFailure(io, flags, result));
    }
    if (performance.now() - turnAtMs < 100) continue;
    if (flags.json !== true) live.show([totals.line()]);
    await nextTurn();
    turnAtMs = performance.now();
    if (interrupt.signal.aborted) break;
  }
  interrupt.dispose();
  live.clear();
  return { totals, failures };
}

/** Prints a failure at once, and shrinks the run with --shrink. */
function reportFailure(io: CommandIo, flags: Flags, result: SimResult): Failure {
  const replay = flags.plan === undefined ? replayOf(flags, result.seed) : `mtalab sim --plan ${shellWord(flags.plan)}`;
  const { red, bold } = paint(io.outColour, io.outColumns());
  const print = (text: string): void => {
    if (flags.json !== true) io.out(text);
  };
  print(
    `\n${red(bold(`Seed ${result.seed} fails.`))}\n${result.verdict === null ? '' : verdictText(result.verdict)}\nTo repeat it: ${replay}`,
  );
  if (flags.shrink !== true) return { result, replay, shrunk: null };
  const live = new LiveStatus(io);
  const progress = (runs: number, faults: number, submissions: number): void => {
    if (flags.json !== true)
      live.show([`shrinking: ${counted(runs, 'run')}, ${counted(faults, 'fault')}, ${counted(submissions, 'message')} left`]);
  };
  const shrunk = shrinkPlan(result.plan, { progress });
  live.clear();
  if (shrunk !== null) print(shrunkText(shrunk));
  return { result, replay, shrunk };
}

function shrunkText({ plan, before, runs, result }: Shrunk): string {
  const names = (index: number): string => plan.mtas[index]?.name ?? '';
  return [
    `\nThe fewest faults and messages that break the same rule (${counted(runs, 'run')}, from ${counted(before.faults, 'fault')} and ${counted(before.submissions, 'message')}):`,
    ...plan.submissions.map(
      (each) =>
        `  ${each.atMs} ms: ${names(each.mta)} gets ${each.submissionId} for ${each.recipients.join(', ')}, ${each.priority}, ${each.sizeBytes} octets`,
    ),
    ...plan.faults.map((fault) => `  fault: ${simFaultText(fault)}`),
    ...(result.verdict === null ? [] : [`  then: ${result.verdict.detail}`]),
  ].join('\n');
}

/** @throws UsageError if the file holds no plan. */
function readPlan(file: string): SimPlan {
  let value: Partial<SimPlan>;
  try {
    value = JSON.parse(readFileSync(file, 'utf8')) as Partial<SimPlan>;
  } catch (error) {
    throw new UsageError(`--plan: cannot read ${file}: ${messageOf(error)}`);
  }
  const lists = [value.mtas, value.submissions, value.faults];
  const sound =
    lists.every(Array.isArray) &&
    typeof value.seed === 'number' &&
    typeof value.safetyMs === 'number' &&
    value.delays !== undefined;
  if (!sound) throw new UsageError(`--plan: ${file} holds no plan; --save-plan writes one`);
  return value as SimPlan;
}

function asJson(flags: Flags, wanted: SimOptions, { totals, failures }: Outcome): unknown {
  return {
    seed: flags.seed,
    options: wanted,
    ...totals.json(),
    failures: failures.map(({ result, replay, shrunk }) => ({
      seed: result.seed,
      verdict: result.verdict,
      replay,
      ...(shrunk === null
        ? {}
        : {
            shrunk: {
              runs: shrunk.runs,
              faults: shrunk.plan.faults,
              submissions: shrunk.plan.submissions,
              verdict: shrunk.result.verdict,
            },
          }),
    })),
  };
}
