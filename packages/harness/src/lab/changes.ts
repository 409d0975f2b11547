/**
 * Changes MTAs while they run, and keeps each change for their restarts. Each MTA is changed by itself, so that one that stands
 * still does not keep the change from the others.
 */
import {
  type Article,
  type Binding,
  type BindingView,
  type BindingWish,
  categories,
  categoryNamed,
  type DiagnosticsLevels,
  levelNamed,
  levelNames,
  levelsOf,
  wishedBindings,
} from '@mtalab/mta-core';
import { type ControlClient, maxTimeScale, monotonicMs, type RequestOptions } from '@mtalab/transport';
import PQueue from 'p-queue';
import { type Answer, required, type Unanswered, unanswered } from '../process/answers.js';
import { pause } from '../process/deadline.js';
import { HarnessError } from '../process/errors.js';
import { articleArgument, isRecord, isText, namesArgument, wrongArgument } from './arguments.js';
import type { Members } from './members.js';

/** Real time that all MTAs have to learn of another scale before it holds, ms. */
const leadMs = 100;

/** Does the change show in the running MTA, or only at the next start of an MTA that is down? */
export type Effective = {
  /** `next start` for an MTA that is down. */
  readonly effective: 'now' | 'next start';
};

/** The changes of a lab, each with the answer of each MTA. `Lab.set` and the others reject if an MTA gives none. */
export class Changes {
  readonly #members: Members;
  /** Runs changes one by one, if they first read the present state. */
  readonly #queue = new PQueue({ concurrency: 1 });

  /** `Lab.changes` has it. */
  constructor(members: Members) {
    this.#members = members;
  }

  /**
   * Switches an article on (`legacy`) or off (`fixed`). An MTA that does not answer has the change at its next start.
   * @throws HarnessError naming a wrong argument.
   */
  async set(
    article: Article,
    mode: 'legacy' | 'fixed',
    names: readonly string[] = this.#members.plan.names,
  ): Promise<readonly Answer<Effective>[]> {
    articleArgument('article', article);
    if (mode !== 'legacy' && mode !== 'fixed') throw wrongArgument('mode', "'legacy' or 'fixed'", mode);
    namesArgument(names);
    const answers = await this.#members.askEach((client, limit) => client.command('set', { article, mode }, limit), names);
    return Promise.all(
      answers.map(async (answer): Promise<Answer<Effective>> => {
        const { mta } = answer;
        if (!answer.ok && answer.error.code === 'refused') return answer;
        const others = this.#members.legacyOf(mta).filter((other) => other !== article);
        await this.#members.setLegacy(mta, mode === 'legacy' ? [...others, article] : others);
        if (answer.ok) return { mta, ok: true, value: { effective: 'now' } };
        if (answer.error.code === 'down') return { mta, ok: true, value: { effective: 'next start' } };
        return onlyLater(answer);
      }),
    );
  }

  /**
   * Sets a diagnostics level. The value has the levels of every category. An MTA that does not answer has them at its next start.
   * @throws HarnessError naming a wrong argument.
   */
  async diagnostics(
    category: string,
    level: string,
    names: readonly string[] = this.#members.plan.names,
  ): Promise<readonly Answer<DiagnosticsLevels>[]> {
    if (!isText(category)) throw wrongArgument('category', "a category of events, such as 'Interface', or 'all'", category);
    if (!isText(level)) throw wrongArgument('level', `one of ${levelNames.join(', ')}`, level);
    namesArgument(names);
    const answers = await this.#members.askEach(
      (client, limit) => client.command('diagnostics', { category, level }, limit),
      names,
    );
    return Promise.all(
      answers.map(async (answer): Promise<Answer<DiagnosticsLevels>> => {
        const { mta } = answer;
        if (!answer.ok && answer.error.code === 'refused') return answer;
        const value = answer.ok ? answer.value : changedLevels(this.#members.levelsOf(mta), category, level);
        await this.#members.setLevels(mta, value);
        return answer.ok || answer.error.code === 'down' ? { mta, ok: true, value } : onlyLater(answer);
      }),
    );
  }

  /**
   * Changes the scale of all clocks, at one instant a moment ahead, so that they go on agreeing and lab time never jumps. An MTA that
   * does not answer may go on with the old scale: set it again when it answers.
   * @param timeScale lab seconds in a real second, above 0 and at most 1,000,000.
   * @throws HarnessError for a wrong scale, or while a load measures this lab.
   */
  setTimeScale(timeScale: number): Promise<readonly Answer<Effective>[]> {
    return this.#queue.add(() => this.#setTimeScale(timeScale));
  }

  async #setTimeScale(timeScale: number): Promise<readonly Answer<Effective>[]> {
    if (typeof timeScale !== 'number' || !(timeScale > 0 && timeScale <= maxTimeScale))
      throw wrongArgument('timeScale', 'a number above 0 and at most 1,000,000', timeScale);
    const { clock, plan, loads } = this.#members;
    this.#members.requireOpen();
    if (loads > 0) throw new HarnessError('a load measures this lab, and its times are of one scale; wait for its end');
    // A lab whose clock this one shares has just turned onto a line of this scale: then this is the same line.
    const shared = plan.clockOf?.clock.line;
    const line = shared?.timeScale === timeScale ? shared : clock.lineWith(timeScale, leadMs);
    clock.setLine(line);
    const answers = await this.#members.askEach((client, limit) => client.command('clock', { line }, limit));
    for (const name of plan.names) await this.#members.writeConfig(name);
    await pause(Math.max(0, line.baseMs - monotonicMs()));
    return answers.map((answer): Answer<Effective> => {
      const { mta } = answer;
      if (answer.ok) return { mta, ok: true, value: { effective: 'now' } };
      if (answer.error.code === 'down') return { mta, ok: true, value: { effective: 'next start' } };
      const { code, message } = answer.error;
      return unanswered(mta, code, `${message}; it may go on with the old scale, so set it again when it answers`);
    });
  }

  /** The bindings of an MTA in their present order. Of an MTA that is down: those of its next start. */
  async bindings(name: string): Promise<readonly BindingView[]> {
    if (this.#members.get(name).up) return this.#one(name, (client, limit) => client.command('bindings', {}, limit));
    return this.#configured(name).map((binding) => ({
      ...binding,
      dialOrder: null,
      listening: 'off',
      osError: null,
      mapperPort: null,
      x400Port: null,
    }));
  }

  /**
   * Changes the order of an MTA's bindings, enables or disables them.
   * @throws HarnessError if a binding is unknown, if none would be enabled, or if the MTA does not answer.
   */
  async setBindings(name: string, wish: BindingWish): Promise<void> {
    if (!isRecord(wish)) throw wrongArgument('wish', 'an object with order, enable or disable', wish);
    return this.#queue.add(() => this.#setBindings(name, wish));
  }

  async #setBindings(name: string, wish: BindingWish): Promise<void> {
    const process = this.#members.get(name);
    const change = wishedBindings(await this.bindings(name), wish);
    if (typeof change === 'string') throw new HarnessError(`${name}: ${change}`);
    const numbered = this.#members.numberedBindings(name);
    if (process.up) await this.#one(name, (client, limit) => client.command('bindings', { bindings: [...change] }, limit));
    await this.#members.setBindings(
      name,
      change.map(({ id, enabled }) => ({ ...numbered[id], enabled })),
    );
  }

  #configured(name: string): readonly Binding[] {
    return this.#members
      .bindingsOf(name)
      .map(({ address = '127.0.0.1', port = 0, label = '', enabled = true }, id) => ({ id, address, port, label, enabled }));
  }

  /** @throws HarnessError naming the MTA if it gives no answer. */
  async #one<T>(name: string, ask: (client: ControlClient, limit: RequestOptions) => Promise<T>): Promise<T> {
    const [answer] = required([await this.#members.ask(name, ask)]);
    return (answer as { readonly value: T }).value;
  }
}

/** The answer of a running MTA that takes over a change at its next start only. */
function onlyLater({ mta, error }: Unanswered): Answer<never> {
  return unanswered(mta, error.code, `${error.message}; the change is kept for its next start`);
}

/** The levels after the change of a category, or of `all`. @throws HarnessError for an unknown category or level. */
function changedLevels(levels: DiagnosticsLevels, categoryName: string, levelName: string): DiagnosticsLevels {
  const level = levelNamed(levelName);
  if (level === undefined) throw new HarnessError(`level: '${levelName}' is none of ${levelNames.join(', ')}`);
  if (categoryName.toLowerCase() === 'all') return levelsOf(level);
  const category = categoryNamed(categoryName);
  if (category === undefined) throw new HarnessError(`category: '${categoryName}' is none of ${categories.join(', ')}`);
  return { ...levels, [category]: level };
}
