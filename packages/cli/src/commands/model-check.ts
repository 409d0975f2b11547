/** `mtalab check`: runs the model checker in a worker, whose heap can be as large as --heap says. */

import { writeFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { jsonLines } from '@mtalab/harness';
import { type Priority, priorities, type Settings } from '@mtalab/mta-core';
import {
  type CheckOptions,
  type CheckProgress,
  type CheckResult,
  type EnvironmentName,
  environmentNames,
  environmentWords,
  type PropertyVerdict,
  storyText,
} from '@mtalab/proof';
import { type CommandIo, outJson } from '../command-io.js';
import type { CommandRun } from '../command-tree/command-entry.js';
import { knownArticle } from '../config/releases.js';
import { exitCodes, UsageError } from '../errors.js';
import { onInterrupt } from '../interrupt.js';
import { settingOption } from '../option-values.js';
import { paint } from '../render/colours.js';
import { LiveStatus } from '../render/live-status.js';

type Flags = {
  readonly messages: string;
  readonly losses: number;
  readonly crashes: number;
  readonly threshold: number;
  readonly segments: number;
  readonly activities: number;
  readonly priorities?: readonly string[];
  readonly legacy?: readonly string[];
  readonly environment?: string;
  readonly link?: 'lan' | 'x400';
  readonly cluster?: boolean;
  readonly cure?: boolean;
  readonly chain?: boolean;
  readonly all?: boolean;
  readonly maxStates: number;
  readonly heap: number;
  readonly full?: readonly string[];
  readonly set?: readonly string[];
  readonly journal?: string;
  readonly json?: boolean;
};

/** A message of the worker. */
type WorkerMessage = { readonly progress: CheckProgress } | { readonly result: CheckResult };

export const run: CommandRun = async ({ io, options }) => {
  const flags = options as Flags;
  const started = performance.now();
  const result = await inWorker(io, optionsOf(flags), flags.heap, flags.json === true);
  const seconds = (performance.now() - started) / 1000;
  const statesPerSecond = Math.round(result.states / seconds);
  const failed = result.properties.filter(({ verdict }) => verdict === 'fails');
  if (flags.journal !== undefined) writeJournal(io, flags.journal, failed);
  if (flags.json === true) outJson(io, { ...result, tookMs: Math.round(seconds * 1000), statesPerSecond });
  else io.out(render(io, result, seconds));
  return failed.length === 0 ? exitCodes.ok : exitCodes.failed;
};

/** What each part of `--full` widens. */
const widened = {
  stores: { stores: 'in-time' },
  binds: { binds: 'in-time' },
  cuts: { cuts: 'any' },
  timers: { timers: 'any' },
  order: { eager: false, symmetry: false },
} as const satisfies Record<string, CheckOptions>;

/** @throws UsageError naming an option that makes no sense. */
function optionsOf(flags: Flags): CheckOptions {
  const messages = /^(\d),(\d)$/.exec(flags.messages);
  if (messages === null) throw new UsageError(`--messages takes two numbers up to 9, such as 2,1; got ${flags.messages}`);
  const legacy = (flags.legacy ?? []).map(knownArticle);
  if (flags.environment !== undefined && !(environmentNames as readonly string[]).includes(flags.environment)) {
    const known = environmentNames.map((name) => `${name} (${environmentWords(name)})`);
    throw new UsageError(`--environment: unknown environment ${flags.environment}; the environments are ${known.join(', ')}`);
  }
  if (flags.cure === true && legacy.length === 0)
    throw new UsageError('--cure needs an article to switch off; name one with --legacy');
  for (const priority of flags.priorities ?? []) {
    if (!priorities.includes(priority as Priority))
      throw new UsageError(`--priorities: ${priority} is not one of ${priorities.join(', ')}`);
  }
  for (const part of flags.full ?? []) {
    if (!Object.hasOwn(widened, part)) throw new UsageError(`--full: ${part} is not one of ${Object.keys(widened).join(', ')}`);
  }
  return {
    messages: [Number(messages[1]), Number(messages[2])],
    losses: flags.losses,
    crashes: flags.crashes,
    threshold: flags.threshold,
    segments: flags.segments,
    activities: flags.activities,
    legacy,
    chain: flags.chain === true,
    ...(flags.link === undefined ? {} : { link: flags.link }),
    cluster: flags.cluster === true,
    cure: flags.cure === true,
    ...(flags.environment === undefined ? {} : { environment: flags.environment as EnvironmentName }),
    maxStates: flags.maxStates,
    stopAtFirst: flags.all !== true,
    settings: Object.fromEntries((flags.set ?? []).map(settingOption)) as Partial<Settings>,
    ...(flags.priorities === undefined ? {} : { priorities: flags.priorities as readonly Priority[] }),
    ...Object.assign({}, ...(flags.full ?? []).map((part) => widened[part as keyof typeof widened])),
  };
}

/** Heap of the worker for young objects, beside --heap. */
const youngMb = 64;

async function inWorker(io: CommandIo, options: CheckOptions, heapMb: number, quiet: boolean): Promise<CheckResult> {
  const worker = new Worker(new URL('../model-check-worker.js', import.meta.url), {
    workerData: options,
    resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: youngMb },
  });
  const live = new LiveStatus(io);
  const started = performance.now();
  const interrupt = onInterrupt(io.readerGone);
  try {
    return await new Promise<CheckResult>((resolve, reject) => {
      worker.on('message', (shown: WorkerMessage) => {
        if ('result' in shown) resolve(shown.result);
        else if (!quiet) live.show([progressLine(shown.progress, (performance.now() - started) / 1000)]);
      });
      worker.on('error', (error: NodeJS.ErrnoException) =>
        reject(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? outOfMemory(heapMb) : error),
      );
      worker.on('exit', () => reject(new Error('The search ended without a result.')));
      interrupt.signal.addEventListener('abort', () => reject(new Error('The search was interrupted.')));
    });
  } finally {
    interrupt.dispose();
    live.clear();
    await worker.terminate();
  }
}

function outOfMemory(heapMb: number): Error {
  return new Error(`The search does not fit into ${heapMb} MB. Raise --heap, or choose smaller bounds.`);
}

function progressLine({ states, transitions, depth, frontier }: CheckProgress, seconds: number): string {
  return `${states} states, ${transitions} transitions, depth ${depth}, ${frontier} to go at this depth, ${Math.round(states / seconds)} states/s`;
}

function writeJournal(io: CommandIo, file: string, failed: readonly PropertyVerdict[]): void {
  const journal = failed.map(({ counterexample }) => counterexample?.journal).find((each) => each != null);
  if (journal === undefined || journal === null)
    return io.err('No rule is broken, so there is no counterexample to write as a journal.');
  writeFileSync(file, jsonLines(journal));
}

function render(io: CommandIo, result: CheckResult, seconds: number): string {
  const { bold, green, red } = paint(io.outColour, io.outColumns());
  const { bounds, exhausted } = result;
  const mtas = bounds.chain ? ['A', 'B', 'C'] : ['A', 'B'];
  const words = { holds: green('holds'), fails: red('FAILS'), open: 'open ' };
  const legacy = bounds.legacy.length === 0 ? 'corrected' : bounds.legacy.join(', ');
  const lines = [
    bold(
      `${legacy}: ${bounds.messages.join(' and ')} messages, ${bounds.losses} losses, ${bounds.crashes} crashes, threshold ${bounds.threshold}`,
    ),
    `environment ${bounds.environment}: ${environmentWords(bounds.environment)}${bounds.link === 'x400' ? ', joined by X.400 connectors' : ''}${bounds.cluster ? ', and every MTA is a server of a cluster' : ''}` +
      `${bounds.cure ? '; the operator may switch the articles off' : ''}`,
    `${exhausted ? 'The search visited every state' : 'The search ended early'}: ${result.states} states, ${result.transitions} transitions, depth ${result.depth}, ` +
      `${seconds.toFixed(1)} s, ${Math.round(result.states / seconds)} states/s`,
    '',
    ...result.properties.map(({ rule, words: text, verdict }) => `  ${words[verdict]}  ${rule.padEnd(20)}  ${text}`),
  ];
  const shown = new Set<string>();
  for (const { rule, detail, counterexample } of result.properties) {
    if (counterexample === null) continue;
    const text = storyText(counterexample.lines, mtas);
    lines.push('', red(`${rule}: ${detail ?? ''}`));
    if (!shown.has(text)) lines.push(`The shortest way there (${counterexample.moves} moves):`, text);
    shown.add(text);
  }
  return lines.join('\n');
}
