/** Runs a load from its warm-up to its verdict. */
import { randomBytes, randomInt } from 'node:crypto';
import { join } from 'node:path';
import { type DeliveryNotice, monotonicMs } from '@mtalab/transport';
import { TemporaryFolder } from '../lab/folder.js';
import { pause } from '../process/deadline.js';
import { HarnessError, messageOf } from '../process/errors.js';
import { conclude, type Ended } from './conclude.js';
import { describeOptions } from './describe-options.js';
import { Director } from './director.js';
import { waitForDrain } from './drain.js';
import { gatherEvidence } from './evidence.js';
import { Generator, type WayAddresses } from './generator.js';
import { needsProxy } from './load-faults.js';
import { LoadMessages } from './messages.js';
import { type LoadOptions, type LoadPlan, type LoadProgress, planLoad } from './options.js';
import { type AssociationCounts, associationCounts, sequencesBetween } from './order-limit.js';
import { type Reckoning, reckonWay, sumOf } from './reckon.js';
import { Recorder } from './recorder.js';
import type { LoadMark, LoadResult, LoadSample } from './result.js';
import { Sampler } from './sampler.js';
import { SentLog, type SentMessage } from './sent-log.js';
import type { LoadTarget } from './target.js';
import { warmUp } from './warm-up.js';

/** Limits of what a result keeps, so that a long run stays small. */
const maxSamples = 20_000;
const maxMarks = 5000;
/** Readings of the disks, if a message seems to be lost because it moves just then. */
const maxReadings = 3;
const betweenReadingsMs = 300;

type Way = WayAddresses & { readonly receiver: string };

/** A load under way. */
class Run {
  readonly #options: LoadOptions;
  readonly #described: readonly string[];
  readonly #plan: LoadPlan;
  readonly #target: LoadTarget;
  readonly #signal: AbortSignal;
  readonly #runId = randomBytes(4).toString('hex');
  readonly #ways: readonly Way[];
  readonly #recorder: Recorder;
  readonly #sampler: Sampler;
  readonly #samples: LoadSample[] = [];
  readonly #marks: { readonly atMs: number; readonly mark: Omit<LoadMark, 'atS'> }[] = [];
  readonly #warnings: string[] = [];
  #phase: LoadProgress['phase'] = 'warm-up';
  #t0Ms: number | null = null;

  constructor(target: LoadTarget, options: LoadOptions, plan: LoadPlan, described: readonly string[]) {
    this.#options = options;
    this.#described = described;
    this.#plan = plan;
    this.#target = target;
    this.#signal = options.signal ?? new AbortController().signal;
    this.#ways = plan.ways.map(([from, to]) => ({
      mta: from,
      receiver: to,
      originator: `load-${this.#runId}@${target.domain(from)}`,
      recipient: `load-${this.#runId}-in@${target.domain(to)}`,
    }));
    this.#recorder = new Recorder(plan.lateMs);
    this.#sampler = new Sampler(target, (atMs, mark) => this.#mark(atMs, mark));
  }

  async run(sent: SentLog, messages: LoadMessages): Promise<LoadResult> {
    const runId = this.#runId;
    const startedAt = new Date().toISOString();
    const generator = new Generator({
      plan: this.#plan,
      target: this.#target,
      ways: this.#ways,
      messages,
      recorder: this.#recorder,
      sent,
      runId,
    });
    const director = new Director(this.#target, this.#plan.faults, (atMs, mark) => this.#mark(atMs, mark));
    let warmNotice: (notice: DeliveryNotice) => void = () => undefined;
    const endFollowing = await this.#target.follow((notice) => {
      generator.notice(notice);
      warmNotice(notice);
    });
    try {
      await director.begin();
      if (this.#plan.warmUp) {
        this.#show('warm-up');
        await warmUp(this.#target, this.#plan.ways[0], runId, this.#signal, (note) => {
          warmNotice = note;
        });
        await director.look();
      }
      await this.#sampler.look();
      const before = await this.#associations();
      await this.#prefill(generator);
      const ended = await this.#load(generator, director);
      const unreached = await director.end();
      this.#show('verdict');
      const { reckoning, problem, sequences } = await this.#reckon(sent, before);
      this.#warnings.push(...director.problems);
      return conclude({
        ...ended,
        plan: this.#plan,
        described: this.#described,
        target: this.#target,
        startedAt,
        recorder: this.#recorder,
        sampler: this.#sampler,
        samples: this.#samples,
        marks: this.#marks
          .map(({ atMs, mark }) => ({ atS: (atMs - ended.t0Ms) / 1000, ...mark }))
          .sort((one, other) => one.atS - other.atS),
        reckoning,
        problem,
        sequences,
        unreached,
        maxInFlight: generator.maxInFlight,
        firstRefusal: generator.firstRefusal,
        warnings: this.#warnings,
        interrupted: this.#signal.aborted,
      });
    } finally {
      await director.end();
      endFollowing();
    }
  }

  #mark(atMs: number, mark: Omit<LoadMark, 'atS'>): void {
    if (this.#marks.length === maxMarks) return;
    this.#marks.push({ atMs, mark });
    if (this.#marks.length === maxMarks) this.#warnings.push(`there are ${maxMarks} marks, the limit: later ones are missing`);
  }

  async #prefill(generator: Generator): Promise<void> {
    const { prefill } = this.#plan;
    if (prefill === 0) return;
    this.#show('prefill');
    const { link } = this.#target;
    if (link?.pause === undefined || link.resume === undefined) throw new HarnessError(noHold);
    link.pause();
    this.#mark(monotonicMs(), { kind: 'hold', text: 'the link is held' });
    try {
      await generator.fill(prefill, this.#signal);
    } finally {
      link.resume();
    }
    this.#mark(monotonicMs(), { kind: 'release', text: `the link is released; ${prefill} messages wait at each sender` });
  }

  /** The load itself and its end, sampled all the way. */
  async #load(generator: Generator, director: Director): Promise<Ended> {
    const t0Ms = monotonicMs();
    this.#t0Ms = t0Ms;
    this.#phase = 'load';
    let beginMs = t0Ms;
    for (const { from, to, seconds } of this.#plan.stages ?? []) {
      const rate = from === to ? `${from}/s` : `${from}/s to ${to}/s`;
      if (beginMs !== Number.POSITIVE_INFINITY) this.#mark(beginMs, { kind: 'stage', text: `stage of ${rate}` });
      beginMs += seconds * 1000;
    }
    const cpuBefore = process.cpuUsage();
    const over = new AbortController();
    const sampling = this.#sampleUntil(over.signal, t0Ms);
    try {
      const values = () => ({
        accepted: this.#recorder.counts.accepted,
        delivered: this.#recorder.counts.delivered,
        queued: Math.max(0, ...this.#sampler.last.map(({ queued }) => queued)),
        associations: Math.max(0, ...this.#sampler.last.map(({ associations }) => associations)),
      });
      const tick = (nowMs: number): void => director.tick(nowMs, t0Ms, values);
      await generator.run(t0Ms, this.#signal, tick);
      const lastStartMs = monotonicMs();
      const cpu = process.cpuUsage(cpuBefore);
      this.#mark(lastStartMs, {
        kind: 'end-of-load',
        text: this.#signal.aborted ? 'the load is interrupted' : 'the last message is started',
      });
      this.#phase = 'drain';
      const drainedMs = await waitForDrain(this.#target, generator, this.#recorder, this.#plan.patienceS * 1000, () =>
        tick(monotonicMs()),
      );
      if (drainedMs !== null) this.#mark(drainedMs, { kind: 'drained', text: 'all queues are empty' });
      return {
        t0Ms,
        lastStartMs,
        drainedMs,
        cpuS: (cpu.user + cpu.system) / 1e6,
        lastIntendedMs: generator.lastIntendedMs ?? t0Ms,
      };
    } finally {
      over.abort();
      await sampling;
    }
  }

  async #sampleUntil(over: AbortSignal, t0Ms: number): Promise<void> {
    let dueMs = t0Ms;
    while (!over.aborted) {
      dueMs = Math.max(dueMs + this.#plan.intervalS * 1000, monotonicMs());
      await pause(dueMs - monotonicMs(), over);
      const interval = this.#recorder.endInterval((monotonicMs() - t0Ms) / 1000);
      const { mtas, turn } = await this.#sampler.look();
      if (this.#samples.length >= maxSamples) {
        if (this.#samples.length === maxSamples)
          this.#warnings.push(`more than ${maxSamples} intervals: the later ones are missing`);
        return;
      }
      this.#samples.push({ ...interval, mtas, turn });
      this.#show(this.#phase);
    }
  }

  #show(phase: LoadProgress['phase']): void {
    this.#phase = phase;
    const { counts } = this.#recorder;
    const { count, durationS } = this.#plan;
    this.#options.onProgress?.({
      phase,
      atS: this.#t0Ms === null ? -1 : (monotonicMs() - this.#t0Ms) / 1000,
      lengthS: durationS,
      planned: count === Number.POSITIVE_INFINITY ? null : count,
      started: counts.started,
      accepted: counts.accepted,
      delivered: counts.delivered,
      late: counts.late,
      dropped: counts.dropped,
      latencies: this.#recorder.latencies(),
      sample: this.#samples.at(-1) ?? null,
    });
  }

  async #associations(): Promise<AssociationCounts> {
    const answers = await this.#target.ask((client, limit) => client.command('ltab', {}, limit));
    return associationCounts(answers, this.#plan.ways[0] ?? []);
  }

  /** Compares what was submitted with what is on disk. */
  async #reckon(
    sent: SentLog,
    before: AssociationCounts,
  ): Promise<{ readonly reckoning: Reckoning | null; readonly problem: string | null; readonly sequences: number }> {
    const counted = sequencesBetween(before, await this.#associations());
    const sequences = this.#sampler.restarted || this.#sampler.sawWaiting ? Number.POSITIVE_INFINITY : counted;
    const hasUnanswered = this.#recorder.counts.unanswered > 0;
    let problem: string | null = null;
    for (let reading = 1; ; reading += 1) {
      try {
        const evidence = await gatherEvidence({
          target: this.#target,
          ways: this.#ways,
          runId: this.#runId,
          hasUnanswered,
          sequences,
        });
        const reckonings = evidence.map((each, way) => reckonWay(messagesOf(sent, way), each));
        const reckoning = sumOf(reckonings);
        if (reckoning.lost === 0 || reading === maxReadings) return { reckoning, problem: null, sequences };
      } catch (error) {
        problem = messageOf(error);
        if (reading === maxReadings) return { reckoning: null, problem, sequences };
      }
      await pause(betweenReadingsMs);
    }
  }
}

/** What was submitted one way. */
function* messagesOf(sent: SentLog, way: number): Iterable<SentMessage> {
  for (const message of sent.read()) if (message.way === way) yield message;
}

const noHold =
  'prefill: the queue can be filled only behind the fault proxy of a pair that this program runs; start the pair with a proxy';

/**
 * Runs a load on MTAs.
 * @param described the options in words, beside those of the load.
 * @throws HarnessError naming an option that makes no sense, before anything is submitted.
 */
export async function runLoad(target: LoadTarget, options: LoadOptions, described: readonly string[] = []): Promise<LoadResult> {
  const plan = planLoad(options, target.names, randomInt(2 ** 31));
  if (plan.prefill > 0 && target.link?.pause === undefined) throw new HarnessError(noHold);
  const proxied = plan.faults.find(needsProxy);
  if (proxied !== undefined && target.link === undefined)
    throw new HarnessError(
      `fault "${proxied.text}": there is no fault proxy between the MTAs; start them with one (--proxy, or proxy: true)`,
    );
  const messages = await LoadMessages.of(plan.seed, plan.size, plan.priorities, plan.mail);
  const folder = await TemporaryFolder.make();
  const sent = new SentLog(join(folder.path, 'sent'));
  try {
    return await new Run(target, options, plan, [...described, ...describeOptions(options, plan)]).run(sent, messages);
  } finally {
    sent.close();
    await folder.remove();
  }
}
