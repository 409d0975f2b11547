/**
 * What a person does on a page with a twin: each action goes to both pairs at the same time, so that they see one schedule. What
 * works in one pair only is said. A switch of an article that the pairs differ in keeps them different.
 */
import { isTexts } from '../lab/arguments.js';
import { HarnessError, messageOf } from '../process/errors.js';
import type { Done, PageActions, Values } from './page-actions.js';

/** Starts the twin: its articles are the other way about. @returns what can be done to it. */
export type StartTwin = (articles: readonly string[]) => Promise<PageActions>;

/** Actions that are about the page, not about a pair. */
const ofThePage: ReadonlySet<string> = new Set(['lessons', 'lesson', 'lesson-done', 'octets']);

type Outcome = { readonly done: Done; readonly error?: never } | { readonly done?: never; readonly error: Error };

function outcomeOf(action: Promise<Done>): Promise<Outcome> {
  return action.then(
    (done) => ({ done }),
    (error: unknown) => ({ error: error instanceof Error ? error : new Error(messageOf(error)) }),
  );
}

export class TwinActions {
  readonly #first: PageActions;
  readonly #start: StartTwin | null;
  #twin: PageActions | null = null;
  #articles: readonly string[] = [];
  #starting = false;

  /** @param start null: this page can have no twin. */
  constructor(first: PageActions, start: StartTwin | null) {
    this.#first = first;
    this.#start = start;
  }

  get paused(): boolean {
    return this.#first.paused;
  }

  /** Starts the twin. @param articles those in which it is the other way about. @throws HarnessError if there is one already. */
  async start(articles: readonly string[]): Promise<void> {
    if (this.#start === null) throw new HarnessError('this page can have no twin; `mtalab pair --page` can');
    if (this.#twin !== null || this.#starting) throw new HarnessError('there is a twin already');
    this.#starting = true;
    try {
      this.#twin = await this.#start(articles);
      this.#articles = articles;
    } finally {
      this.#starting = false;
    }
  }

  /** @throws Error that says what was wrong, if nothing was done. */
  async carryOut(action: string, values: Values): Promise<Done> {
    if (action === 'twin') {
      const { articles } = values;
      if (!isTexts(articles) || articles.length === 0) throw new HarnessError('articles: expected a list of articles');
      await this.start(articles);
      return { says: `the twin runs: ${articles.join(', ')} the other way about`, shown: '' };
    }
    const twin = this.#twin;
    if (twin === null || ofThePage.has(action)) return this.#first.carryOut(action, values);
    const [first, second] = await Promise.all([
      outcomeOf(this.#first.carryOut(action, this.#valuesFor('first', action, values))),
      outcomeOf(twin.carryOut(action, this.#valuesFor('second', action, values))),
    ]);
    return joined(first, second);
  }

  /** The pair that the person saw takes the switch as it is. */
  #valuesFor(pair: 'first' | 'second', action: string, values: Values): Values {
    const seen = values['pair'] === 'second' ? 'second' : 'first';
    if (action !== 'set' || pair === seen || !this.#articles.includes(String(values['article']))) return values;
    return { ...values, mode: values['mode'] === 'legacy' ? 'fixed' : 'legacy' };
  }

  close(): void {
    this.#first.close();
    this.#twin?.close();
  }
}

/** @throws Error of the first pair if both failed. */
function joined(first: Outcome, second: Outcome): Done {
  if (first.error !== undefined && second.error !== undefined) throw first.error;
  const shown = first.done?.shown ?? '';
  if (first.done !== undefined && second.done !== undefined) {
    const says = first.done.says === second.done.says ? `${first.done.says}, in both pairs` : null;
    return { ...first.done, says: says ?? `${first.done.says}; in the twin: ${second.done.says}` };
  }
  const [one, other] = [first, second].map((outcome) => outcome.done?.says ?? `not possible: ${outcome.error?.message}`);
  return { says: `First pair: ${one}. Twin: ${other}.`, shown, isPartial: true };
}
