/** A fake core, store, network and mailboxes that only record the calls they receive. */
import {
  type BindingConfig,
  type Copy,
  defaultSettings,
  type Effect,
  type Envelope,
  emptyFifo,
  emptyTree,
  type Input,
  idleRuntime,
  idleX400,
  type Mta,
  type MtaConfig,
  type Recovered,
} from '@mtalab/mta-core';
import type { CommitOutcome, CoreFunctions, DeliveryPort, NetworkPort, StorePort } from '@mtalab/transport';

export const recovered: Recovered = { incarnation: 3, storeUuid: 'store', clean: true, messages: [], received: [] };

const bindings: readonly BindingConfig[] = [{ address: '127.0.0.1', port: 0, label: '', enabled: true }];

export function configOf(name: string): MtaConfig {
  return {
    name,
    version: '5.5',
    build: '2653.23',
    bindings,
    cluster: false,
    mapperPort: null,
    advertise: [],
    settings: defaultSettings,
    peers: [],
    routes: [],
    localDomains: [],
    legacy: [],
  };
}

export function fakeMta(config: MtaConfig, from: Recovered): Mta {
  return {
    ...config,
    bindings: config.bindings.map((binding, id) => ({ ...binding, id })),
    incarnation: from.incarnation,
    storeUuid: from.storeUuid,
    phase: 'running',
    stopAtMs: null,
    rpc: idleRuntime,
    x400Port: null,
    x400: idleX400,
    memory: { connections: emptyTree() },
    nextConnection: 2,
    ltab: emptyTree(),
    entryIds: {},
    associationsInAll: 0,
    associationsLimited: 0,
    overLimit: [],
    nextNumber: 1,
    nextToken: 1,
    stores: emptyTree(),
    forgets: emptyTree(),
    mailboxes: { queue: emptyFifo(), delivering: [], waiting: emptyTree() },
    senders: {},
    received: emptyTree(),
    routes: { byDomain: {}, other: null },
    queuedCopies: 0,
    counters: { submitted: 0, delivered: 0, deadLetters: 0, loopsDetected: 0, reports: 0, setAside: 0 },
  };
}

export const envelope: Envelope = {
  mtsId: 'c=lab;mta=A;1-1',
  originator: 'a@a.example',
  priority: 'normal',
  contentType: 'text/plain',
  submittedAtMs: 1000,
  sizeBytes: 5,
  digest: '',
  trace: [],
};
export const copy: Copy = { id: 7, destination: { to: 'mailbox', address: 'b@b.example' }, recipients: ['b@b.example'] };

/** The effects of an input; it may change the state. */
export type Script = (
  input: Input,
  mta: Mta,
  nowMs: number,
) => readonly Effect[] | { readonly mta: Mta; readonly effects: readonly Effect[] };

export type Fakes = {
  readonly log: string[];
  readonly core: CoreFunctions;
  readonly store: StorePort;
  readonly network: NetworkPort;
  readonly delivery: DeliveryPort;
  readonly content: Map<number, Buffer>;
  deadline: number | null;
  /** Writes that are not on the disk. */
  refusedWrites: number;
  /** What is wrong with the content of each frame that is sent; null for nothing. */
  unreadable: string | null;
  /** The test sets this to answer a commit. */
  outcomes: () => readonly CommitOutcome[];
};

function nameOf(input: Input): string {
  if (input.type === 'command') return `command ${input.command.op}`;
  if ('token' in input) return `${input.type} ${input.token}`;
  return 'conn' in input ? `${input.type} ${input.conn}` : input.type;
}

export function fakes(script: Script, startEffects: readonly Effect[] = []): Fakes {
  const log: string[] = [];
  let tokens: CommitOutcome[] = [];
  const content = new Map<number, Buffer>();
  const made: Fakes = {
    log,
    content,
    deadline: null,
    refusedWrites: 0,
    unreadable: null,
    outcomes: () => tokens,
    core: {
      start: (config, from) => ({ mta: fakeMta(config, from), effects: startEffects }),
      step: (mta, input, nowMs) => {
        log.push(`step ${nameOf(input)}`);
        const result = script(input, mta, nowMs);
        return 'mta' in result ? result : { mta, effects: result };
      },
      nextDeadline: () => made.deadline,
    },
    store: {
      apply(effect) {
        log.push(`apply ${effect.type}`);
        if (effect.type === 'store') tokens.push({ type: 'stored', token: effect.token });
        if (effect.type === 'forget') tokens.push({ type: 'forgotten', token: effect.token });
        if (effect.type === 'drop-content') content.delete(effect.content);
      },
      putContent(key, offset, octets) {
        log.push(`put ${offset}+${octets.length}`);
        content.set(key, Buffer.concat([content.get(key) ?? Buffer.alloc(0), octets]));
      },
      recall(copies) {
        log.push(`recall ${copies.map(({ copy: id }) => id).join()}`);
        return { found: [], missing: [] };
      },
      commit() {
        log.push('commit');
        const outcomes = made.outcomes();
        tokens = [];
        return outcomes;
      },
      counts: () => ({ queued: made.refusedWrites }),
      close: (clean) => void log.push(`store closed ${clean ? 'clean' : 'unclean'}`),
    },
    network: {
      listen: ({ binding }) => void log.push(`listen ${binding}`),
      dial: ({ conn }) => void log.push(`dial ${conn}`),
      send: ({ conn, frame }) => {
        log.push(`send ${conn} ${frame.type}`);
        return made.unreadable;
      },
      close: (conn) => void log.push(`close ${conn}`),
      flush: () => void log.push('flush'),
      sockets: () => [],
      closeAll: () => void log.push('network closed'),
    },
    delivery: {
      deliver: (effect) => void log.push(`deliver ${effect.copy}`),
      close: () => void log.push('delivery closed'),
    },
  };
  return made;
}

/** Waits for the due turns of the event loop. */
export async function turns(count = 3): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
