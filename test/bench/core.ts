/** Measures steps per second of the pure core: two MTAs in this process, with an instant network and instant stores. */
import {
  defaultSettings,
  type Effect,
  type Input,
  type Mta,
  type MtaConfig,
  type StoredMessage,
  start,
  step,
} from '@mtalab/mta-core';

export type CoreFigures = { readonly stepsPerS: number; readonly stepsPerMessage: number };

const atMs = 1_000_000;

type BenchNode = {
  readonly name: string;
  mta: Mta;
  readonly inbox: Input[];
  readonly wires: Map<number, { node: BenchNode; conn: number }>;
  accepted: number;
};

/** @param idle adjacent MTAs that never send anything. */
function configOf(name: string, peer: string, associations: number, idle: number, activities: number): MtaConfig {
  const others = Array.from({ length: idle }, (_, index) => `IDLE-${index}`);
  return {
    name,
    version: '5.5',
    build: '2653.23',
    bindings: [{ address: '127.0.0.1', port: 5001, label: '', enabled: true }],
    cluster: false,
    mapperPort: null,
    advertise: [],
    settings: {
      ...defaultSettings,
      threshold: associations === 1 ? 1_000_000 : 1,
      maxAssociationsPerMta: associations,
      activitiesInFlight: activities,
    },
    peers: [...others, peer].map((each) => ({ name: each, endpoints: ['127.0.0.1[5001]'], password: '' })),
    routes: [...others, peer].map((each) => ({ domain: each.toLowerCase(), mta: each })),
    localDomains: [name.toLowerCase()],
    legacy: [],
  };
}

function messageOf(index: number): StoredMessage {
  const id = 2 ** 32 + 2 * index;
  const envelope = {
    mtsId: `c=lab;mta=A;1-${id}`,
    originator: 'u@a',
    priority: 'normal',
    contentType: 'message/rfc822',
    submittedAtMs: atMs,
    sizeBytes: 1024,
    digest: '',
    trace: [{ mta: 'A', atMs }],
  } as const;
  return { content: id, envelope, copies: [{ id: id + 1, destination: { to: 'mta', mta: 'B' }, recipients: ['v@b'] }] };
}

/** Carries out an effect at once, as the network and the store would. */
function carryOut(from: BenchNode, other: BenchNode, effect: Effect): void {
  switch (effect.type) {
    case 'frame': {
      const wire = from.wires.get(effect.conn);
      if (wire !== undefined) wire.node.inbox.push({ ...effect, conn: wire.conn });
      return;
    }
    case 'store':
      from.inbox.push({ type: 'stored', token: effect.token });
      return;
    case 'forget':
      from.inbox.push({ type: 'forgotten', token: effect.token });
      return;
    case 'deliver':
      from.inbox.push({ type: 'delivered', copy: effect.copy });
      return;
    case 'listen':
      from.inbox.push({ type: 'listening', link: effect.link, binding: effect.binding, port: effect.port });
      return;
    case 'dial': {
      const conn = other.accepted;
      other.accepted += 2;
      from.wires.set(effect.conn, { node: other, conn });
      other.wires.set(conn, { node: from, conn: effect.conn });
      other.inbox.push({ type: 'accepted', link: 'rpc', conn, binding: 0, remote: '127.0.0.1:9' });
      from.inbox.push({ type: 'connected', conn: effect.conn });
      return;
    }
    default:
  }
}

/**
 * Lets two cores hand `messages` over, over this many associations.
 * @param idle further adjacent MTAs of each. They cost nothing unless a step visits all of them.
 * @param activities unconfirmed activities on each association. They cost nothing unless a step visits all of them.
 */
export function runCore(messages: number, associations: number, idle = 0, activities = 1): CoreFigures {
  const backlog = Array.from({ length: messages }, (_, index) => messageOf(index));
  const made = (name: string, peer: string, kept: readonly StoredMessage[]): { node: BenchNode; effects: readonly Effect[] } => {
    const recovered = { incarnation: 2, storeUuid: `store-${name}`, clean: true, messages: kept, received: [] };
    const { mta, effects } = start(configOf(name, peer, associations, idle, activities), recovered, atMs);
    return { node: { name, mta, inbox: [], wires: new Map(), accepted: 1 }, effects };
  };
  const b = made('B', 'A', []);
  const a = made('A', 'B', backlog);
  for (const effect of b.effects) carryOut(b.node, a.node, effect);
  for (const effect of a.effects) carryOut(a.node, b.node, effect);
  let steps = 0;
  const run = (node: BenchNode, other: BenchNode): void => {
    for (let at = 0; at < node.inbox.length; at += 1) {
      const { mta, effects } = step(node.mta, node.inbox[at] as Input, atMs);
      node.mta = mta;
      steps += 1;
      for (const effect of effects) carryOut(node, other, effect);
    }
    node.inbox.length = 0;
  };
  const beganMs = performance.now();
  while (a.node.inbox.length + b.node.inbox.length > 0) {
    run(b.node, a.node);
    run(a.node, b.node);
  }
  const seconds = (performance.now() - beganMs) / 1000;
  const { delivered } = b.node.mta.counters;
  if (delivered !== messages) throw new Error(`the core delivered ${delivered} of ${messages} messages`);
  return { stepsPerS: steps / seconds, stepsPerMessage: steps / messages };
}
