/** Runs the story of a lesson on real processes, and records what a reader may look at. */
import { type CaseMoment, runOnProcesses } from '@mtalab/harness';
import type { Evidence } from '@mtalab/lesson';
import { describeEvent, type ReportedEvent } from '@mtalab/mta-core';
import type { Observation, Step } from '@mtalab/scenario';
import { folded, type PageExhibit, type PageMoment, withIdleEnds, withShortOpenings } from '@mtalab/trace';
import { renderConfig } from '../config/index.js';
import { mtaCommand } from '../mta-command.js';
import type { Mark, StagedStory } from './story.js';

/** A moment of the lesson: for each choice the whole observation. */
export type Moment = PageMoment<Observation>;

export type Recording = {
  readonly moments: readonly Moment[];
  /** Sentences of the story that did not hold. */
  readonly missed: readonly Observation[];
};

/** Takes down the evidence. Each look begins where the one before ended. */
class Recorder {
  readonly #names: readonly string[];
  /** Lines of the ladder, and entries of each event log, that were shown. */
  #lines = 0;
  /** The instant, in ms of the lab's clock, up to which the ladder was shown. */
  #shownMs: number | null = null;
  readonly #entries = new Map<string, number>();

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  async look(kinds: readonly Evidence[], moment: CaseMoment): Promise<readonly PageExhibit[]> {
    const exhibits: PageExhibit[] = [];
    for (const kind of kinds) exhibits.push(await this.#exhibit(kind, moment));
    return exhibits;
  }

  async #exhibit(kind: Evidence, { stage, ladder, nowMs }: CaseMoment): Promise<PageExhibit> {
    if (kind === 'turn') {
      const associations = (await stage.associations()).map(({ name, sides }) => ({
        name,
        sides: sides.map(({ mta, state, holder }) => ({ mta, state, holder })),
      }));
      return { kind, associations };
    }
    if (kind === 'queues') {
      const queued = await stage.queued();
      return { kind, queued: this.#names.map((name) => [name, queued[name] ?? null]), delivered: await stage.delivered() };
    }
    if (kind === 'events') {
      const entries: Extract<PageExhibit, { kind: 'events' }>['entries'][number][] = [];
      for (const mta of this.#names) {
        const log = await stage.events(mta);
        for (const event of log.slice(this.#entries.get(mta) ?? 0))
          entries.push({ mta, id: event.id, text: describeEvent(event as ReportedEvent).text });
        this.#entries.set(mta, log.length);
      }
      return { kind, entries };
    }
    const all = await ladder();
    const lines = all.slice(this.#lines);
    this.#lines = all.length;
    const short = kind === 'ladder' ? withShortOpenings(folded(lines)) : folded(lines);
    const shown = withIdleEnds(short, this.#shownMs, nowMs());
    this.#shownMs = nowMs();
    return { kind: 'ladder', lines: shown };
  }
}

export type RecordOptions = {
  readonly tell?: (text: string) => void;
  /** Stops all processes in order when it aborts. */
  readonly signal?: AbortSignal | undefined;
};

/** Runs a story. @throws HarnessError if a step fails. ScenarioEnded if the signal aborts. */
export async function recordStory(story: StagedStory, { tell, signal }: RecordOptions = {}): Promise<Recording> {
  const { scenario, mode } = story;
  const recorder = new Recorder(scenario.mtas.map((mta) => mta.name));
  const moments: Moment[] = [];
  const seen = new Map<Step, Observation>();
  const take = async (mark: Mark, moment: CaseMoment | null): Promise<void> => {
    if (mark.kind === 'ask') moments.push({ kind: 'ask', id: mark.id });
    if (mark.kind === 'ask' || moment === null) return;
    const exhibits = await recorder.look(mark.evidence, moment);
    if (mark.kind === 'look') moments.push({ kind: 'look', exhibits });
    else {
      const outcomes = mark.checks.map((step) => (step === null ? null : (seen.get(step) ?? null)));
      moments.push({ kind: 'show', id: mark.id, exhibits, outcomes });
    }
  };
  for (const mark of story.atStart) await take(mark, null);
  await runOnProcesses(scenario, {
    modes: [mode],
    command: mtaCommand,
    renderConfig,
    signal,
    ...(tell === undefined ? {} : { tell }),
    after: async (step, observation, moment) => {
      if (observation !== null) seen.set(step, observation);
      for (const mark of story.after.get(step) ?? []) await take(mark, moment);
    },
  });
  const choices = new Set([...story.after.values()].flat().flatMap((mark) => (mark.kind === 'show' ? mark.checks : [])));
  const missed = [...seen].filter(([step, { ok }]) => !ok && !choices.has(step)).map(([, observation]) => observation);
  return { moments, missed };
}
