/** The engine: runs one event at a time, shows every event to a watch, and can show any node. */
import {
  ContentMismatch,
  Engine,
  type EngineCore,
  type EngineOptions,
  type EnginePolicy,
  type FrameFate,
  type Lane,
  RestlessTimer,
  type VirtualNode,
  viewNode,
} from '@mtalab/engine';
import {
  describeFrame,
  type Effect,
  type Input,
  type LinkFrame,
  type Mta,
  type MtaConfig,
  nextDeadline,
  start,
  step,
} from '@mtalab/mta-core';
import { test } from 'tap';
import { usualAddress as address, usualConfig } from '../support/pure-config.js';
import { withLink } from '../support/purelab.js';

const names = ['A', 'B'];
const configs: readonly MtaConfig[] = names.map((name) => usualConfig(name, names, {}, []));

/** Every frame takes 10 ms, all local work 1 ms. */
function engineOf(policy: Partial<EnginePolicy> = {}, options: Partial<EngineOptions> = {}): Engine {
  const engine: Engine = new Engine({
    mtas: configs,
    ...options,
    policy: {
      delayMs: () => 10,
      dialDelayMs: () => 5,
      localDelayMs: () => 1,
      commitDelayMs: () => 1,
      listen: (_node, { port }) => ({ port }),
      route: ({ name }, { link, host, port, conn }) => {
        const node = engine.nodes.find((each) =>
          link === 'memory' ? each.name === host : [...each.listeners.values()].some((listener) => listener.port === port),
        );
        return node === undefined ? { osError: 'ECONNREFUSED' } : { node, binding: 0, remote: `${name}:${conn}` };
      },
      ...policy,
    },
  });
  for (const node of engine.nodes) engine.startLater(node, 0);
  return engine;
}

function submit(engine: Engine, node: VirtualNode, to: string): void {
  const content = -1;
  engine.job(node, { type: 'put', content, name: 'letter', sizeBytes: 100 });
  const submission = {
    submissionId: 's1',
    originator: `user@${node.name.toLowerCase()}.example`,
    recipients: [to],
    priority: 'normal',
    contentType: 'message/rfc822',
    sizeBytes: 100,
    content,
  } as const;
  engine.input(node, { type: 'submit', submission });
}

/** Runs events until only time can make anything happen. */
function settle(engine: Engine): void {
  while (engine.busy > 0) engine.step();
}

function nodesOf({ nodes }: Engine): readonly [VirtualNode, VirtualNode] {
  return [nodes[0] as VirtualNode, nodes[1] as VirtualNode];
}

test('a message arrives, one event at a time, and the watch sees every event', (t) => {
  const steps: string[] = [];
  const frames: Record<FrameFate, string[]> = { sent: [], arrived: [], lost: [] };
  const seen = { commits: 0, delivered: 0 };
  const engine = engineOf(
    {},
    {
      watch: {
        step: (node, input, before) => steps.push(`${node.name} ${input.type} ${before === null ? 'first' : 'again'}`),
        frame: (fate, lane, frame) => frames[fate].push(`${lane.from.node.name} ${describeFrame(frame)}`),
        committed: () => {
          seen.commits += 1;
        },
        delivered: (node, { destination }, again) => {
          t.same([node.name, destination, again], ['B', { to: 'mailbox', address: 'ben@b.example' }, false]);
          seen.delivered += 1;
        },
      },
    },
  );
  const [a] = nodesOf(engine);
  settle(engine);
  t.same(steps, ['A start first', 'B start first', 'A listening again', 'B listening again']);
  submit(engine, a, 'ben@b.example');
  let last = engine.nowMs;
  let happened = 0;
  while (engine.busy > 0) {
    const before = engine.steps;
    const event = engine.step();
    if (event === null) t.equal(engine.steps, before, 'where nothing happens no core is stepped');
    else happened += 1;
    t.ok(engine.nowMs >= last, 'the clock never goes back');
    last = engine.nowMs;
  }
  t.equal(seen.delivered, 1);
  t.ok(seen.commits >= 3, 'submission, receipt, and what is erased');
  t.equal(happened + 4, engine.events);
  t.equal(steps.length, engine.steps);
  t.ok(frames.sent.some((text) => text.startsWith('A request') && text.includes('rttr')));
  t.same([...frames.arrived].sort(), [...frames.sent].sort(), 'what is sent arrives, once');
  t.same(frames.lost, []);
  t.end();
});

test('the engine can show a node at any moment: process, store, sockets, and frames under way', (t) => {
  const engine = engineOf();
  const [a, b] = nodesOf(engine);
  t.match(viewNode(engine, a), { name: 'A', up: false, mta: null, listeners: {}, sockets: [], timerAtMs: null });
  settle(engine);
  t.match(viewNode(engine, b).listeners, { 0: { link: 'rpc', address, port: 5002 } });
  engine.jump(a, 7);
  submit(engine, a, 'ben@b.example');
  t.match(viewNode(engine, a), { nowMs: engine.nowMs + 7, store: { contents: {}, jobs: [{ type: 'put' }, { type: 'store' }] } });
  for (let dialled = false; !dialled; dialled = viewNode(engine, a).dials.length > 0) engine.step();
  const isRttr = ({ input }: { readonly input: Input }): boolean =>
    input.type === 'frame' && input.link === 'rpc' && / rttr /.test(describeFrame(input));
  while (!viewNode(engine, a).underWay.some(isRttr)) engine.step();
  const [sender, receiver] = [viewNode(engine, a), viewNode(engine, b)];
  t.match(
    sender.sockets.map(({ peer, lost }) => ({ peer, lost })),
    sender.sockets.map(() => ({ peer: 'B', lost: false })),
  );
  t.same([...new Set(sender.sockets.map(({ side }) => side))].sort(), ['client', 'server'], 'each way one is dialled');
  t.equal(sender.store.messages.length, 1);
  t.match(sender.store.contents[sender.store.messages[0]?.content ?? 0], { name: 'letter', sizeBytes: 100 });
  const [out, into] = [sender.underWay.find(isRttr), receiver.underWay.find(isRttr)];
  t.match(out, { way: 'out', peer: 'B', atMs: engine.nowMs + 10 });
  t.match(into, { way: 'in', peer: 'A', atMs: engine.nowMs + 10 });
  t.equal(into?.input, out?.input);
  settle(engine);
  t.same(viewNode(engine, a).underWay, []);
  t.end();
});

test('a lost connection loses the last frames under way, and each end notices in its own time', (t) => {
  const lost: string[] = [];
  const notices: [string, number][] = [];
  const engine = engineOf(
    {},
    {
      watch: {
        frame: (fate, lane, frame) => fate === 'lost' && lost.push(`${lane.from.node.name} ${describeFrame(frame)}`),
        step: (node, input) => input.type === 'lost' && notices.push([node.name, engine.nowMs]),
      },
    },
  );
  const [a, b] = nodesOf(engine);
  settle(engine);
  submit(engine, a, 'ben@b.example');
  const { network } = engine;
  while (network.connections.count === 0 || network.connections.at(0).toServer.items.length === 0) engine.step();
  while (network.connections.at(0).toServer.items[0]?.input.type !== 'frame') engine.step();
  const connection = network.connections.at(0);
  const { nowMs } = engine;
  network.break(connection, [0, 0], [13, 40]);
  t.equal(lost.length, 1, 'the bind was under way');
  t.match(viewNode(engine, a).sockets, [{ lost: true }]);
  network.break(connection, [0, 0], [1, 1]);
  while (engine.next !== undefined && engine.next.atMs <= nowMs + 40) engine.step();
  t.same(notices, [
    [b.name, nowMs + 13],
    [a.name, nowMs + 40],
  ]);
  t.notOk([...network.connections].includes(connection));
  t.end();
});

test('a policy may hold a frame and send it later, or block a lane', (t) => {
  const kept: { readonly lane: Lane; readonly input: Parameters<NonNullable<EnginePolicy['send']>>[1] }[] = [];
  let blocked = false;
  const arrived: string[] = [];
  const engine = engineOf(
    {
      send: (lane, input) => {
        if (input.type !== 'frame') return 0;
        kept.push({ lane, input });
        return null;
      },
      mayArrive: () => !blocked,
    },
    {
      watch: { frame: (fate, lane, frame) => fate === 'arrived' && arrived.push(`${lane.to.node.name} ${describeFrame(frame)}`) },
    },
  );
  const [a] = nodesOf(engine);
  settle(engine);
  submit(engine, a, 'ben@b.example');
  settle(engine);
  t.equal(kept.length, 1);
  t.same(arrived, []);
  const { lane, input } = kept[0] as (typeof kept)[number];
  blocked = true;
  engine.network.transmit(lane, input, 25);
  settle(engine);
  t.ok(lane.stuck);
  t.same(arrived, []);
  blocked = false;
  engine.network.resume(lane);
  settle(engine);
  t.match(arrived, [/^B bind /]);
  t.ok(kept.length >= 2, 'the answer is kept too');
  t.end();
});

test('a crash loses data not yet stored; a paused process gets its input later', (t) => {
  const engine = engineOf({ commitDelayMs: () => 50 });
  const [a, b] = nodesOf(engine);
  settle(engine);
  submit(engine, a, 'ben@b.example');
  engine.crash(a, null);
  t.match(viewNode(engine, a), { up: false, store: { messages: [], contents: {}, jobs: [] }, timerAtMs: null });
  settle(engine);
  t.equal(a.mta?.phase, 'running', 'the last state stays to be seen');
  engine.start(a);
  t.match(viewNode(engine, a), { up: true, store: { incarnation: 2 } });
  settle(engine);
  b.stalledUntilMs = engine.nowMs + 500;
  const before = engine.nowMs;
  engine.inputLater(b, { type: 'command', command: { op: 'retry' } }, 10);
  t.equal(engine.step(), null, 'put off');
  t.match(engine.step(), { type: 'input', atMs: before + 500 });
  t.equal(engine.nowMs, before + 500);
  t.end();
});

test('a job of the user runs in its turn, unless the user cancels it', (t) => {
  const engine = engineOf();
  settle(engine);
  const done: string[] = [];
  const { nowMs, busy } = engine;
  const off = engine.run(20, () => done.push('never'));
  engine.run(10, () => done.push('first'));
  engine.run(30, () => done.push('background'), true);
  t.equal(engine.busy, busy + 2);
  t.throws(() => engine.passTo(nowMs + 11), RangeError);
  off();
  off();
  t.equal(engine.busy, busy + 1);
  while (engine.next !== undefined) engine.step();
  t.same(done, ['first', 'background']);
  t.equal(engine.busy, 0);
  engine.passTo(nowMs + 1000);
  t.equal(engine.nowMs, nowMs + 1000);
  t.end();
});

test('a timer that fires for ever at one instant ends the run', (t) => {
  const restless: EngineCore = { start, step, nextDeadline: (mta) => (mta.phase === 'running' ? 0 : nextDeadline(mta)) };
  const engine = engineOf({}, { core: restless });
  t.throws(() => {
    while (engine.next !== undefined) engine.step();
  }, RestlessTimer);
  t.end();
});

/** A minimal core: each type of input has fixed effects. */
function scripted(script: Readonly<Record<string, readonly Effect[]>>, inputs: Input[]): EngineCore {
  const mta = { phase: 'running' } as Mta;
  return {
    start: ({ name }) => ({ mta, effects: script[`${name} start`] ?? [] }),
    step: (_mta, input) => {
      inputs.push(input);
      return { mta, effects: script[input.type] ?? [] };
    },
    nextDeadline: () => null,
  };
}

test('the engine carries frames of any link, and changes only the content reference of an RTTR', (t) => {
  const rttr = (content: number, length: number): LinkFrame => ({
    type: 'frame',
    link: 'memory',
    conn: 2,
    frame: {
      type: 'apdu',
      serial: 1,
      settled: [],
      apdu: { kind: 'rttr', activity: 1, offset: 20, last: true, content: { length, content, offset: 20 } },
    },
  });
  const close: LinkFrame = {
    type: 'frame',
    link: 'memory',
    conn: 2,
    frame: { type: 'close', settled: [] },
  };
  const dial = { type: 'dial', link: 'memory', conn: 2, host: 'B', port: 0 } as const;
  const listen = { type: 'listen', link: 'memory', binding: 0, address, port: 5002 } as const;
  const run = (frame: LinkFrame): readonly Input[] => {
    const inputs: Input[] = [];
    const core = scripted({ 'A start': [dial], 'B start': [listen], connected: [frame, close] }, inputs);
    const engine = engineOf({}, { core });
    const [a] = nodesOf(engine);
    a.store.contents.set(7, { name: 'letter', sizeBytes: 100 });
    engine.run(4, () => a.store.contents.set(7, { name: 'letter', sizeBytes: 100 }));
    settle(engine);
    return inputs;
  };
  t.match(run(rttr(7, 80)), [
    { type: 'listening' },
    { type: 'accepted', link: 'memory', conn: 1, binding: 0, remote: 'A:2' },
    { type: 'connected', conn: 2 },
    { type: 'frame', link: 'memory', conn: 1, frame: { apdu: { content: { length: 80, ref: 'letter:20' } } } },
    { ...close, conn: 1 },
  ]);
  t.throws(() => run(rttr(7, 81)), ContentMismatch, 'more than the store has');
  t.throws(() => run(rttr(8, 80)), ContentMismatch, 'what the store does not have');
  t.end();
});

test('MTAs with the memory link pass mail on in the same engine', (t) => {
  const arrived: string[] = [];
  const delivered: string[] = [];
  const engine = engineOf(
    {},
    {
      mtas: configs.map(withLink('memory')),
      watch: {
        frame: (fate, _lane, frame) => fate === 'arrived' && arrived.push(`${frame.link} ${describeFrame(frame)}`),
        delivered: (node, { content }) => delivered.push(`${node.name} ${node.store.contents.get(content)?.name}`),
      },
    },
  );
  const [a] = nodesOf(engine);
  settle(engine);
  submit(engine, a, 'ben@b.example');
  settle(engine);
  t.same(delivered, ['B letter'], 'the content, not only the envelope');
  t.ok(arrived.length >= 4 && arrived.every((text) => text.startsWith('memory ')));
  t.end();
});
