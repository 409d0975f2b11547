/** The MTAs of a search, and its initial state. */
import {
  type BindingConfig,
  defaultRelease,
  defaultSettings,
  firstX400Binding,
  type Input,
  type MtaConfig,
  type PeerConfig,
  type Priority,
  start,
  step,
} from '@mtalab/mta-core';
import { canReach } from '../rules/reach.js';
import { environmentOf } from './environment.js';
import type { GlobalState, Listener, SearchContext } from './global-state.js';
import { type StepContext, started, storeUuidOf } from './node-step.js';
import type { CheckBounds, CheckedCore } from './options.js';
import { StepCache } from './step-cache.js';
import { TextNumbers } from './text-numbers.js';

/** The first binding of MTA n listens on `firstPort` + n; `nextBinding` is the step to the port of each further binding. */
const firstPort = 5001;
const nextBinding = 1000;
/** The X.400 transport stack of MTA n listens on `firstX400Port` + n at each of its addresses. */
const firstX400Port = 9001;
/** Most cached states of MTAs in each of two generations. */
const rememberedSteps = 10_000;
/** One checkpoint of the smallest size, in octets. */
const segmentBytes = 1024;

function bindingsOf({ environment }: CheckBounds, at: number): readonly BindingConfig[] {
  const given = environmentOf(environment).addresses[at] ?? [];
  const addresses = given.length === 0 ? ['127.0.0.1'] : given;
  return addresses.map((address, index) => ({ address, port: firstPort + at + index * nextBinding, label: '', enabled: true }));
}

/** The string bindings of an MTA. @param x400Port that of its X.400 transport stack, in place of its RPC listeners. */
function endpointsOf(bindings: readonly BindingConfig[], x400Port: number | null): readonly string[] {
  return bindings.map(({ address, port }) => `${address}[${x400Port ?? port}]`);
}

function configsOf(bounds: CheckBounds): readonly MtaConfig[] {
  const names = bounds.chain ? ['A', 'B', 'C'] : ['A', 'B'];
  const bindings = names.map((_name, at) => bindingsOf(bounds, at));
  const last = names.length - 1;
  const settings = {
    ...defaultSettings,
    threshold: bounds.threshold,
    activitiesInFlight: bounds.activities,
    checkpointSizeK: bounds.segments > 1 ? 1 : defaultSettings.checkpointSizeK,
    ...bounds.settings,
  };
  return names.map((name, at) => ({
    name,
    version: defaultRelease.version,
    build: defaultRelease.build,
    bindings: bindings[at] as readonly BindingConfig[],
    cluster: bounds.cluster,
    mapperPort: null,
    advertise: [],
    settings,
    ...(bounds.link === 'x400' ? { x400Port: firstX400Port + at } : {}),
    peers: [at - 1, at + 1].flatMap((peer): PeerConfig[] =>
      names[peer] === undefined ? [] : [peerOf(bounds, names[peer], peer, bindings[peer] as readonly BindingConfig[])],
    ),
    routes: [
      { domain: 'a.example', mta: names[Math.max(0, at - 1)] as string },
      { domain: `${(names[last] as string).toLowerCase()}.example`, mta: names[Math.min(last, at + 1)] as string },
    ],
    localDomains: [`${name.toLowerCase()}.example`],
    legacy: bounds.legacy,
  }));
}

function peerOf({ link }: CheckBounds, name: string, at: number, bindings: readonly BindingConfig[]): PeerConfig {
  if (link === 'lan') return { name, endpoints: endpointsOf(bindings, null), password: '' };
  return { name, endpoints: endpointsOf(bindings, firstX400Port + at), password: '', link: 'x400' };
}

/** All listeners of the MTAs, by string binding. */
function listenersOf(configs: readonly MtaConfig[]): SearchContext['listeners'] {
  const all: (readonly [string, Listener])[] = configs.flatMap(({ bindings, x400Port }, mta) =>
    bindings.flatMap(({ address, port }, id) => {
      const rpc = [`${address}[${port}]`, { mta, link: 'rpc', binding: id }] as const;
      const x400 = [`${address}[${x400Port}]`, { mta, link: 'x400', binding: firstX400Binding + id }] as const;
      return x400Port === undefined ? [rpc] : [rpc, x400];
    }),
  );
  return new Map(all);
}

/** The number of messages that an MTA has left identifies the next one that it submits. */
function submissions(bounds: CheckBounds, configs: readonly MtaConfig[]): SearchContext['submission'] {
  const last = configs.length - 1;
  return (at, left) => (): Input => {
    const [from, to] = [configs[at] as MtaConfig, configs[at === 0 ? last : 0] as MtaConfig];
    const number = (at === 0 ? bounds.messages[0] : bounds.messages[1]) - left;
    return {
      type: 'submit',
      submission: {
        submissionId: `${from.name}${number + 1}`,
        originator: `user@${from.localDomains[0]}`,
        recipients: [`user@${to.localDomains[0]}`],
        priority: bounds.priorities[number % bounds.priorities.length] as Priority,
        contentType: 'message/rfc822',
        sizeBytes: bounds.segments > 1 ? bounds.segments * segmentBytes : 100,
        content: -1 - number,
      },
    };
  };
}

export type Setup = {
  readonly context: SearchContext;
  readonly initial: GlobalState;
  /** Orders of the MTAs under which two mirror images have one fingerprint. */
  readonly orders: readonly (readonly number[])[];
};

/**
 * @param record called for every step of the core.
 * @param nowMs the constant value of the clock, ms.
 */
export function setUp(bounds: CheckBounds, core: CheckedCore = { start, step }, record: StepContext['record'] = null): Setup {
  const configs = configsOf(bounds);
  const numbers = new TextNumbers(
    configs.map(({ name }) => name),
    configs.map(({ name }) => storeUuidOf(name)),
  );
  const steps: StepContext = {
    core,
    configs,
    numbers,
    storesAtOnce: bounds.stores === 'at-once',
    cure: bounds.cure,
    mayFail: environmentOf(bounds.environment).mayFail,
    cache: new StepCache(rememberedSteps),
    nowMs: 0,
    record,
  };
  const context: SearchContext = {
    steps,
    dropped: null,
    listeners: listenersOf(configs),
    allReachable: configs.every((config) => config.peers.every(({ endpoints }) => canReach(config, endpoints, () => true))),
    bindsAtOnce: bounds.binds === 'at-once',
    eager: bounds.eager,
    cure: bounds.cure,
    anyCut: bounds.cuts === 'any',
    timersAnyTime: bounds.timers === 'any',
    submission: submissions(bounds, configs),
  };
  const [first, second] = bounds.messages;
  const initial: GlobalState = {
    nodes: configs.map((_config, at) => started(steps, at, null).node),
    connections: [],
    unsubmitted: configs.length === 3 ? [first, 0, second] : [first, second],
    losses: bounds.losses,
    crashes: bounds.crashes,
    broken: null,
    undelivered: [],
    reported: [],
  };
  const order = configs.map((_config, at) => at);
  // Mirror images are equal only if the MTAs have the same addresses.
  const alike = environmentOf(bounds.environment).addresses.length === 0;
  return { context, initial, orders: bounds.symmetry && alike ? [order, [...order].reverse()] : [order] };
}
