/** What the hosts of a run have for addresses, and at which of them they are known. */
import { type BindingConfig, type Quirk, quirkOf } from '@mtalab/mta-core';
import type { SimOptions } from './options.js';
import type { Random } from './seeded-random.js';

export type Host = {
  readonly cluster: boolean;
  readonly bindings: readonly BindingConfig[];
  /** String bindings at which its neighbours look for it, in this order. */
  readonly endpoints: readonly string[];
};

/** MTA n listens on this port plus n at its first address, and so many above for each further one. */
const firstPort = 5001;
const nextAddress = 10_000;
/** Nobody listens here. */
const deadPort = 4999;
/** From these no other host is reached: IPv6, which the others do not have, and a network of their own. */
const useless = ['::1', '10.1.0.1'] as const;

export type HostShape = {
  /** Two addresses each, which all others reach. */
  readonly twoAddresses: boolean;
  /** The first place at which a host is looked for is empty. */
  readonly deadFirst: boolean;
};

/** Does one of these articles show only at such a host? */
export function needs(legacy: readonly string[], host: Quirk['showsAt']): boolean {
  return legacy.some((article) => quirkOf(article)?.showsAt === host);
}

/**
 * The addresses of each host. In some runs the first binding of a host gets nowhere; in some, one of two is disabled, although
 * the others look for its MTA there too. An article that shows only on such hosts gets them.
 */
export function drawHosts({ legacy, swarm, mtas }: SimOptions, random: Random, shape: HostShape): readonly Host[] {
  const [vain, disabled] = [swarm && random.below(4) === 0, swarm && random.below(3) === 0];
  const inCluster = swarm && random.below(6) === 0;
  const vainFirst = vain || needs(legacy, 'a first binding that gets nowhere');
  const two = shape.twoAddresses || needs(legacy, 'two listeners') || needs(legacy, 'an adapter that fails');
  // A server of a cluster that gets nowhere from its first binding gets nowhere.
  const cluster = inCluster && !vainFirst && legacy.length === 0;
  // An article about several listeners needs them.
  const someDisabled = disabled && legacy.length === 0;
  return Array.from({ length: mtas }, (_, index) => {
    const port = firstPort + index;
    const [order, which, from, told] = [random.below(2), random.below(4), random.pick(useless), random.below(2)];
    const open: BindingConfig[] = (two ? ['127.0.0.1', '127.0.0.2'] : ['127.0.0.1']).map((address, at) => ({
      address,
      port: port + at * nextAddress,
      label: '',
      enabled: !(two && someDisabled && which === at),
    }));
    const first: BindingConfig[] = vainFirst ? [{ address: from, port: port + 2 * nextAddress, label: '', enabled: true }] : [];
    const bindings = [...first, ...open];
    const known = (told === 0 ? bindings : open).map(({ address, port: at }) => `${address}[${at}]`);
    const endpoints = order === 0 ? known : [...known].reverse();
    return { cluster, bindings, endpoints: shape.deadFirst ? [`127.0.0.1[${deadPort}]`, ...endpoints] : endpoints };
  });
}
