/** A lesson as plain data. */

/**
 * What the reader may look at. `ladder`: the PDUs since the last look, each opening as one line. `full-ladder`: the same with
 * every PDU. `turn`: what each side believes about the Turn. `queues`: how many messages wait at each MTA, and how many were delivered.
 * `events`: the entries of the event logs since the last look.
 */
export const evidenceKinds = ['ladder', 'full-ladder', 'turn', 'queues', 'events'] as const;
export type Evidence = (typeof evidenceKinds)[number];

/** A possible answer. */
export type Choice = {
  /** Names the choice in stories with an answer of their own. */
  readonly id: string | null;
  /** The answer as the reader sees it. */
  readonly says: string;
  /** Shown after the run to a reader who chose it. */
  readonly remark: string;
  /** Is it right? In a story with an answer of its own, that answer counts instead. */
  readonly right: boolean;
  /** Is it what happens in the same story without the bug? */
  readonly corrected: boolean;
  /**
   * A check in the language of scenarios, made when the question is resolved. It must hold for the right choice and for no
   * other, so that a lesson cannot claim what does not happen.
   */
  readonly check: unknown;
};

export type Question = {
  readonly id: string;
  /** Shown after the run, before the explanation. */
  readonly evidence: readonly Evidence[];
  readonly choices: readonly Choice[];
  /** Markdown: what the reader must know, and the question. */
  readonly ask: string;
  /** Markdown: the explanation. */
  readonly told: string;
};

/** A step of a story: a step in the language of scenarios, or a moment of the lesson. */
export type StoryStep =
  | { readonly step: unknown }
  | { readonly look: readonly Evidence[] }
  /** The decisive moment: the reader predicts. */
  | { readonly ask: string }
  /** The prediction is compared with what happened. */
  | { readonly show: string };

export type Story = {
  /** The id of the right choice, where the reader has to find out which of several stories this is. */
  readonly answer: string | null;
  /** The keys of a scenario other than `steps`, such as `mtas` and `legacy`. */
  readonly scenario: Readonly<Record<string, unknown>>;
  readonly steps: readonly StoryStep[];
};

/** A word that a lesson explains. */
export type LessonWord = {
  readonly word: string;
  /** What it means, in one or two sentences that need no word of a later lesson. */
  readonly means: string;
};

export type Lesson = {
  /** Such as `turn`. */
  readonly id: string;
  /** Its place among the lessons, from 1. */
  readonly number: number;
  readonly title: string;
  /** How long a reader takes, about. */
  readonly minutes: number;
  /** The article that it is about, such as `Q166594`. */
  readonly article: string | null;
  /** Words of the glossary that the lesson explains, in its own plain words. */
  readonly words: readonly LessonWord[];
  /** Markdown: the text before the first question. */
  readonly intro: string;
  readonly questions: readonly Question[];
  /** One story, or several of which a seed chooses one. */
  readonly stories: readonly Story[];
  /** Markdown: what to remember. */
  readonly close: string;
};
