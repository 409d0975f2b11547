import { type Behaviour, corrected, type Quirk } from '../behaviour.js';
import { q166594 } from './q166594.js';

/** Every quirk there is, by article. */
export const quirks: readonly Quirk[] = [q166594];

export function quirkOf(article: string): Quirk | undefined {
  return quirks.find((quirk) => quirk.article === article);
}

const composed = new Map<string, Behaviour>();

/** `corrected` with the decisions of these articles overridden. */
export function behaviourOf(articles: readonly string[]): Behaviour {
  if (articles.length === 0) return corrected;
  const key = articles.join();
  let behaviour = composed.get(key);
  if (behaviour === undefined) {
    behaviour = Object.assign({}, corrected, ...articles.map((article) => quirkOf(article)?.override));
    composed.set(key, behaviour as Behaviour);
  }
  return behaviour as Behaviour;
}
