/** The MTA of this repository as a peer of `mtalab grade`: a second implementation that must pass. See docs/grade.md. */
import { createInterface } from 'node:readline';
import { defaultSettings, type Input, type LinkFrame, nextDeadline, type Priority, start, step } from '@mtalab/mta-core';
import { ArrivedContents, Driver, heldContents, LabClock, MemoryStore, Network, RpcCodecs } from '@mtalab/transport';

type Command = {
  readonly reset?: number;
  readonly send?: string;
  readonly priority?: Priority;
  readonly size?: number;
  readonly stop?: boolean;
};

const {
  MTALAB_NAME: name = '',
  MTALAB_PEER: peer = '',
  MTALAB_CONNECT: connect = '',
  MTALAB_ADVERTISE: advertise = '',
} = process.env;
const settings = {
  ...defaultSettings,
  checkpointSizeK: 1,
  openRetryIntervalS: 2,
  transferRetryIntervalS: 2,
  maxTransferRetries: 99,
};
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

/** One life of the MTA, on an empty store. */
class Life {
  readonly port: Promise<number>;
  readonly #driver: Driver;
  readonly #clock = new LabClock({ timeScale: 100 });
  /** The grader names each message, and the core makes an MTS identifier of its own. */
  readonly #names = new Map<string, string>();

  constructor(port: number) {
    const contents = new ArrivedContents({ heldBy: heldContents });
    const store = new MemoryStore({ octetsOf: contents.take, render: () => new Uint8Array(1) });
    let listening: (port: number) => void = () => undefined;
    this.port = new Promise((resolve) => {
      listening = resolve;
    });
    const input = (what: Input): void => {
      if (what.type === 'listening') listening(what.port);
      this.#driver.input(what);
    };
    const codecs = new RpcCodecs({
      maxStubBytes: 1024 * 1024,
      loadContent: ({ content = 0, offset, length }) => store.readContent(content, offset ?? 0, length),
      keepContent: contents.put,
    });
    const network = new Network({ input }, { rpc: codecs });
    const send = network.send.bind(network);
    network.send = (frame) => send(this.#named(frame));
    this.#driver = new Driver({
      core: { start, step, nextDeadline },
      clock: this.#clock,
      store,
      network,
      contents,
      delivery: {
        deliver: ({ copy, envelope }) => {
          say({ delivered: envelope.mtsId });
          this.#driver.input({ type: 'delivered', copy });
        },
        close: () => undefined,
      },
    });
    const config = {
      name,
      version: '5.5',
      build: '2653.23',
      bindings: [{ address: '127.0.0.1', port, label: '', enabled: true }],
      cluster: false,
      mapperPort: null,
      advertise: [advertise],
      settings: { ...settings, disconnectS: 40, stopTimeoutS: 1, recoveryTimeoutS: 3600 },
      peers: [{ name: peer, endpoints: [connect], password: '' }],
      routes: [{ domain: 'grader.example', mta: peer }],
      localDomains: ['peer.example'],
      legacy: (process.argv[2] ?? '').split(',').filter((article) => article !== ''),
    };
    this.#driver.onStep = (_, input, effects) => {
      if (input.type !== 'submit') return;
      for (const effect of effects)
        if (effect.type === 'store')
          for (const { envelope } of effect.accept) this.#names.set(envelope.mtsId, input.submission.submissionId);
    };
    this.#driver.begin(config, store.recovered);
  }

  #named(frame: LinkFrame): LinkFrame {
    if (frame.link !== 'rpc' || frame.frame.type !== 'request') return frame;
    const { body } = frame.frame;
    if (body.op !== 'MtaSend' || body.apdu.kind !== 'rttr' || body.apdu.start === undefined) return frame;
    const mtsId = this.#names.get(body.apdu.start.mtsId) ?? body.apdu.start.mtsId;
    const apdu = { ...body.apdu, start: { ...body.apdu.start, mtsId } };
    return { ...frame, frame: { ...frame.frame, body: { ...body, apdu } } };
  }

  async submit({ send: id = '', priority = 'normal', size = 1 }: Command): Promise<void> {
    const content = this.#driver.newContent();
    this.#driver.putContent(content, 0, Buffer.alloc(size, '.'));
    await this.#driver.submit({
      submissionId: id,
      originator: 'peer@peer.example',
      recipients: ['grader@grader.example'],
      priority,
      contentType: 'message/rfc822',
      sizeBytes: size,
      content,
    });
  }

  async stop(): Promise<void> {
    this.#driver.input({ type: 'stop' });
    this.#clock.advanceTo(this.#clock.nowMs() + 10_000);
    this.#driver.clockChanged();
    await this.#driver.ended;
  }
}

let life = new Life(0);
const port = await life.port;
say({ ready: port });
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line) as Command;
  if (command.stop === true) break;
  if (command.send !== undefined) void life.submit(command);
  if (command.reset === undefined) continue;
  await life.stop();
  life = new Life(port);
  await life.port;
  say({ reset: command.reset });
}
process.exit(0);
