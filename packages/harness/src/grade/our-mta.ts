/** The grader's own MTA: the real core, driver and sockets in this process, on a store in memory. One life for each schedule. */
import { defaultSettings, type Input, type MtaConfig, nextDeadline, type Priority, start, step } from '@mtalab/mta-core';
import { ArrivedContents, Driver, heldContents, LabClock, MemoryStore, Network, RpcCodecs } from '@mtalab/transport';
import { gradedName, graderName } from './schedule.js';

export type OurMtaOptions = {
  /** String binding at which the peer is reached: the proxy's. */
  readonly peerEndpoint: string;
  /** String binding at which the peer can reach this MTA: the proxy's. */
  readonly advertise: string;
  /** A message is in a mailbox here. */
  readonly delivered: (mtsId: string) => void;
  /** The peer sent octets that are no PDU, or the MTA met something else that it logs. */
  readonly noted: (text: string) => void;
};

/** Lab milliseconds in a real one: the retries of a lost association do not slow a run down. */
const timeScale = 100;
const settings = {
  ...defaultSettings,
  checkpointSizeK: 1,
  windowSize: 3,
  // Limits far beyond a schedule in lab time: only the grader's own limit ends it.
  rpcCallTimeoutS: 3000,
  dialTimeoutS: 1000,
  openTimeoutS: 2000,
  associationLifetimeS: 86_400,
  recoveryTimeoutS: 3600,
  // 400 ms of real time: if each side waits for the other to recover, a run goes on after it.
  disconnectS: 40,
  openRetryIntervalS: 2,
  transferRetryIntervalS: 2,
  maxTransferRetries: 100,
  stopTimeoutS: 1,
  threshold: 1000,
};

function configOf({ peerEndpoint, advertise }: OurMtaOptions): MtaConfig {
  return {
    name: graderName,
    version: '5.5',
    build: '2653.23',
    bindings: [{ address: '127.0.0.1', port: 0, label: '', enabled: true }],
    cluster: false,
    mapperPort: null,
    advertise: [advertise],
    settings,
    peers: [{ name: gradedName, endpoints: [peerEndpoint], password: '' }],
    routes: [{ domain: 'peer.example', mta: gradedName }],
    localDomains: ['grader.example'],
    legacy: [],
  };
}

/** See the head of this file. */
export class OurMta {
  /** The port on which it listens. */
  readonly port: Promise<number>;
  readonly #driver: Driver;
  readonly #store: MemoryStore;
  readonly #clock = new LabClock({ timeScale });

  constructor(options: OurMtaOptions) {
    const contents = new ArrivedContents({ heldBy: heldContents, maxBytes: 64 * 1024 * 1024 });
    this.#store = new MemoryStore({ octetsOf: contents.take, render: () => new Uint8Array(1) });
    let listening: (port: number) => void = () => undefined;
    this.port = new Promise((resolve) => {
      listening = resolve;
    });
    const store = this.#store;
    const codecs = new RpcCodecs({
      maxStubBytes: 1024 * 1024,
      loadContent: ({ content = 0, offset, length }) => store.readContent(content, offset ?? 0, length),
      keepContent: contents.put,
    });
    const input = (what: Input): void => {
      if (what.type === 'listening') listening(what.port);
      if (what.type === 'malformed') options.noted(what.detail);
      this.#driver.input(what);
    };
    this.#driver = new Driver({
      core: { start, step, nextDeadline },
      clock: this.#clock,
      store,
      network: new Network({ input }, { rpc: codecs }),
      delivery: {
        deliver: ({ copy, envelope }) => {
          options.delivered(envelope.mtsId);
          this.#driver.input({ type: 'delivered', copy });
        },
        close: () => undefined,
      },
      contents,
    });
    this.#driver.begin(configOf(options), store.recovered);
  }

  /** Submit a message for the peer. @returns its MTS identifier. */
  async submit(id: string, priority: Priority, size: number): Promise<string> {
    const content = this.#driver.newContent();
    this.#driver.putContent(content, 0, Buffer.alloc(size, `${id} `));
    const { mtsId } = await this.#driver.submit({
      submissionId: id,
      originator: 'grader@grader.example',
      recipients: ['peer@peer.example'],
      priority,
      contentType: 'message/rfc822',
      sizeBytes: size,
      content,
    });
    return mtsId;
  }

  /** Stop at once: the associations are aborted. Resolves when every socket is closed. */
  async stop(): Promise<void> {
    this.#driver.input({ type: 'stop' });
    this.#clock.advanceTo(this.#clock.nowMs() + 10 * settings.stopTimeoutS * 1000);
    this.#driver.clockChanged();
    await this.#driver.ended;
  }
}
