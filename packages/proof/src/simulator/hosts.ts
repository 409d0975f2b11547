/** The addresses of the hosts of a run, and the string bindings at which their neighbours look for them. */
import { type BindingConfig, type Quirk, quirkOf } from '@mtalab/mta-core';
import type { SimOptions } from './options.js';
import type { Random } from './seeded-random.js';

export type Host = {
  readonly cluster: boolean;
  readonly bindings: readonly BindingConfig[];
  /** String bindings at which the neighbours look for the host, in this order. */
  readonly endpoints: readonly string[];
  /** The port of its X.400 transport stack, the same on each address, and the string bindings of that. */
  readonly x400Port: number;
  readonly x400Endpoints: readonly string[];
};

/** MTA n listens on `firstPort` + n at its first address; `nextAddress` is the step to the port of each further address. */
const firstPort = 5001;
const nextAddress = 10_000;
/** The X.400 transport stack of MTA n listens on `firstX400Port` + n at each of its addresses. */
const firstX400Port = 35_001;
/** A port without a listener. */
const deadPort = 4999;
/** Addresses that reach no other host: IPv6, which the others do not have, and a separate network. */
const useless = ['::1', '10.1.0.1'] as const;

export type HostShape = {
  /** Each host has two addresses that all others reach. */
  readonly twoAddresses: boolean;
  /** The first string binding of a host has no listener. */
  readonly deadFirst: boolean;
};

/** Does one of these articles show only on such a host? */
export function needs(legacy: readonly string[], host: Quirk['showsAt']): boolean {
  return legacy.some((article) => quirkOf(article)?.showsAt === host);
}

/**
 * The addresses of each host. In some runs the first binding of a host reaches nothing. In others, one of two bindings is disabled,
 * although the other MTAs look for its MTA there too. An article that shows only on such hosts gets them.
 */
export function drawHosts({ legacy, swarm, mtas }: SimOptions, random: Random, shape: HostShape): readonly Host[] {
  const [vain, disabled] = [swarm && random.below(4) === 0, swarm && random.below(3) === 0];
  const inCluster = swarm && random.below(6) === 0;
  const vainFirst = vain || needs(legacy, 'a first binding that gets nowhere');
  const two = shape.twoAddresses || needs(legacy, 'two listeners') || needs(legacy, 'an adapter that fails');
  // A server of a cluster dials only from its first binding, so that one must reach the others.
  const cluster = inCluster && !vainFirst && legacy.length === 0;
  // An article about several listeners needs two enabled bindings.
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
    const known = told === 0 ? bindings : open;
    const ordered = order === 0 ? known : [...known].reverse();
    const dead = shape.deadFirst ? [`127.0.0.1[${deadPort}]`] : [];
    const x400Port = firstX400Port + index;
    return {
      cluster,
      bindings,
      endpoints: [...dead, ...ordered.map(({ address, port: at }) => `${address}[${at}]`)],
      x400Port,
      x400Endpoints: [...dead, ...ordered.map(({ address }) => `${address}[${x400Port}]`)],
    };
  });
}
