/** A word of the field, as this product uses it. */

export type Term = {
  /** The word, and other words that the entry explains. The first one is its place in the glossary. */
  readonly names: readonly [string, ...string[]];
  /** Words that find the entry and do not stand in its heading: names in ladders and tables, and of Exchange's settings. */
  readonly also?: readonly string[];
  /** The meaning in a few words, for a legend. */
  readonly short?: string;
  /** The meaning, in Markdown. Links are relative to the folder `docs`. */
  readonly text: string;
  /** The standard clause, article or page that defines the word, in Markdown. "Own" marks a word of this project. */
  readonly source: string | null;
};
