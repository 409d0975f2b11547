import { type Behaviour, corrected, correctedRpc, type Quirk, type RpcBehaviour } from '../behaviour.js';
import { q166594 } from './q166594.js';
import { q181721 } from './q181721.js';
import { q185934 } from './q185934.js';
import { q187929 } from './q187929.js';
import { q229643 } from './q229643.js';
import { q232602 } from './q232602.js';
import { q280449 } from './q280449.js';
import { q285350 } from './q285350.js';

/** Every quirk, in the order of the articles. */
export const quirks: readonly Quirk[] = [q166594, q181721, q185934, q187929, q229643, q232602, q280449, q285350];

export function quirkOf(article: string): Quirk | undefined {
  return quirks.find((quirk) => quirk.article === article);
}

type Behaviours = { readonly mta: Behaviour; readonly rpc: RpcBehaviour };

const correctedBoth: Behaviours = { mta: corrected, rpc: correctedRpc };
const composed = new Map<string, Behaviours>();

function composedOf(articles: readonly string[]): Behaviours {
  if (articles.length === 0) return correctedBoth;
  const key = articles.join();
  let behaviours = composed.get(key);
  if (behaviours === undefined) {
    const on = articles.flatMap((article) => quirkOf(article) ?? []);
    const mta = Object.assign({}, corrected, ...on.map((quirk) => (quirk.product === 'mta' ? quirk.override : {})));
    const rpc = Object.assign({}, correctedRpc, ...on.map((quirk) => (quirk.product === 'nt-rpc' ? quirk.override : {})));
    behaviours = { mta, rpc };
    composed.set(key, behaviours);
  }
  return behaviours;
}

/** How the MTA decides: `corrected` with the decisions of these articles overridden. */
export function behaviourOf(articles: readonly string[]): Behaviour {
  return composedOf(articles).mta;
}

/** How the RPC runtime decides: `correctedRpc` with the decisions of these articles overridden. */
export function rpcBehaviourOf(articles: readonly string[]): RpcBehaviour {
  return composedOf(articles).rpc;
}
