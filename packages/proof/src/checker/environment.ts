/** The hosts of a search: their addresses, which of these reach which, and which may fail. */
import { type Quirk, quirkOf, type Settings } from '@mtalab/mta-core';

type Environment = {
  /** Short description. */
  readonly words: string;
  /** Addresses of each MTA, in the order of its bindings. Default: one address, `127.0.0.1`. */
  readonly addresses: readonly (readonly string[])[];
  /** Numbers of the MTAs that may have a failed adapter, unable to serve RPC, at their start. At most one adapter fails, permanently. */
  readonly mayFail: readonly number[];
  /** May an MTA be out of reach, permanently or while another one starts? */
  readonly outOfReach: boolean;
};

const environments = {
  plain: { words: 'each MTA has one address', addresses: [], mayFail: [], outOfReach: false },
  'two-listeners': {
    words: 'B listens on two addresses',
    addresses: [[], ['127.0.0.1', '127.0.0.2']],
    mayFail: [],
    outOfReach: false,
  },
  'other-family-first': {
    words: "A's first binding is IPv6, B has IPv4 only",
    addresses: [['::1', '127.0.0.1']],
    mayFail: [],
    outOfReach: true,
  },
  'other-network-first': {
    words: "A's first binding is on a network that B is not on",
    addresses: [['10.1.0.1', '127.0.0.1']],
    mayFail: [],
    outOfReach: true,
  },
  'failing-adapter': {
    words: 'B has two addresses, and one of them may turn out unable to serve RPC when B starts',
    addresses: [[], ['127.0.0.1', '127.0.0.2']],
    mayFail: [1],
    outOfReach: true,
  },
} as const satisfies Readonly<Record<string, Environment>>;

export type EnvironmentName = keyof typeof environments;
export const environmentNames = Object.keys(environments) as readonly EnvironmentName[];

export function environmentOf(name: EnvironmentName): Environment {
  return environments[name];
}

/**
 * Settings that an environment needs. An MTA must soon report mail for an MTA out of reach, not after a day of identical
 * attempts. But the faults alone must not use up the attempts. A crash can use two: one when it happens, and one while
 * its MTA starts.
 */
export function settingsFor(name: EnvironmentName, losses: number, crashes: number): Partial<Settings> {
  const { outOfReach, mayFail } = environmentOf(name);
  return outOfReach ? { maxOpenRetries: 1 + losses + 2 * crashes + mayFail.length } : {};
}

/** Short description of an environment. */
export function environmentWords(name: EnvironmentName): string {
  return environments[name].words;
}

/** The environment for each kind of host. */
const showsIn: Readonly<Record<Quirk['showsAt'], EnvironmentName>> = {
  'any host': 'plain',
  'two listeners': 'two-listeners',
  'a first binding that gets nowhere': 'other-family-first',
  'an adapter that fails': 'failing-adapter',
  'an X.400 connector': 'plain',
};

/** The link that shows these articles. */
export function linkFor(legacy: readonly string[]): 'lan' | 'x400' {
  return legacy.some((article) => quirkOf(article)?.showsAt === 'an X.400 connector') ? 'x400' : 'lan';
}

/** The environment that shows the first of these articles that needs more than one address. */
export function environmentFor(legacy: readonly string[]): EnvironmentName {
  return legacy.map((article) => showsIn[quirkOf(article)?.showsAt ?? 'any host']).find((name) => name !== 'plain') ?? 'plain';
}
