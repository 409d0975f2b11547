/** The MTAs of a search, and where it begins. */
import { defaultSettings, type Input, type MtaConfig, type Priority, start, step } from '@mtalab/mta-core';
import { type LocalContext, started, storeUuidOf } from './local.js';
import { Memory } from './memory.js';
import { Names } from './names.js';
import type { CheckBounds, CheckedCore } from './options.js';
import type { World, WorldContext } from './world.js';

const firstPort = 5001;
/** States of MTAs that are remembered, in each of two generations. */
const rememberedSteps = 10_000;
/** One checkpoint, the smallest there is. */
const segmentBytes = 1024;

function configsOf(bounds: CheckBounds): readonly MtaConfig[] {
  const names = bounds.chain ? ['A', 'B', 'C'] : ['A', 'B'];
  const last = names.length - 1;
  const settings = {
    ...defaultSettings,
    threshold: bounds.threshold,
    checkpointSizeK: bounds.segments > 1 ? 1 : defaultSettings.checkpointSizeK,
    ...bounds.settings,
  };
  return names.map((name, at) => ({
    name,
    version: '5.5',
    build: '2653.23',
    listen: [{ address: '127.0.0.1', port: firstPort + at, label: '' }],
    advertise: [],
    settings,
    peers: [at - 1, at + 1].flatMap((peer) =>
      names[peer] === undefined ? [] : [{ name: names[peer], endpoints: [`127.0.0.1[${firstPort + peer}]`], password: '' }],
    ),
    routes: [
      { domain: 'a.example', mta: names[Math.max(0, at - 1)] as string },
      { domain: `${(names[last] as string).toLowerCase()}.example`, mta: names[Math.min(last, at + 1)] as string },
    ],
    localDomains: [`${name.toLowerCase()}.example`],
    legacy: bounds.legacy,
  }));
}

/** Which message an MTA submits is told by how many it has left. */
function submissions(bounds: CheckBounds, configs: readonly MtaConfig[]): WorldContext['submission'] {
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
  readonly context: WorldContext;
  readonly initial: World;
  /** Orders of the MTAs under which a state looks the same. */
  readonly orders: readonly (readonly number[])[];
};

/**
 * @param record told of every step of the core.
 * @param nowMs where the clock stands still.
 */
export function setUp(bounds: CheckBounds, core: CheckedCore = { start, step }, record: LocalContext['record'] = null): Setup {
  const configs = configsOf(bounds);
  const names = new Names(
    configs.map(({ name }) => name),
    configs.map(({ name }) => storeUuidOf(name)),
  );
  const local: LocalContext = {
    core,
    configs,
    names,
    storesAtOnce: bounds.stores === 'at-once',
    memory: new Memory(rememberedSteps),
    nowMs: 0,
    record,
  };
  const context: WorldContext = {
    local,
    dropped: null,
    byPort: new Map(configs.map((_config, at) => [firstPort + at, at])),
    bindsAtOnce: bounds.binds === 'at-once',
    eager: bounds.eager,
    anyCut: bounds.cuts === 'any',
    timersAnyTime: bounds.timers === 'any',
    submission: submissions(bounds, configs),
  };
  const [first, second] = bounds.messages;
  const initial: World = {
    locals: configs.map((_config, at) => started(local, at, null).local),
    wires: [],
    unsubmitted: configs.length === 3 ? [first, 0, second] : [first, second],
    losses: bounds.losses,
    crashes: bounds.crashes,
    undelivered: [],
    reported: [],
  };
  const order = configs.map((_config, at) => at);
  return { context, initial, orders: bounds.symmetry ? [order, [...order].reverse()] : [order] };
}
