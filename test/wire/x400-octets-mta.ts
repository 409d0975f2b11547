/**
 * A whole MTA behind the octets of one X.400 connection: its real core, codec and store, without sockets and without waiting. It runs
 * until nothing is left to do each time octets come.
 */
import { type Effect, type Input, type Mta, type MtaConfig, start, step } from '@mtalab/mta-core';
import {
  ArrivedContents,
  type FrameCodec,
  heldContents,
  MalformedFrame,
  MemoryStore,
  OutgoingOctets,
  X400Codecs,
} from '@mtalab/transport';
import { configOf } from '../driver/fakes.js';

export type Delivered = { readonly to: string; readonly originator: string; readonly text: string };

const nowMs = 1_000_000;

function octetsConfig(name: 'A' | 'B'): MtaConfig {
  const other = name === 'A' ? 'B' : 'A';
  const config = configOf(name);
  return {
    ...config,
    x400Port: 102,
    settings: { ...config.settings, checkpointSizeK: 1 },
    peers: [{ name: other, endpoints: ['127.0.0.1[102]'], password: 'secret', link: 'x400' }],
    routes: [{ domain: `${other.toLowerCase()}.example`, mta: other }],
    localDomains: [`${name.toLowerCase()}.example`],
  };
}

export class OctetsMta {
  readonly delivered: Delivered[] = [];
  /** What it has sent and nobody has taken yet. */
  readonly out: Buffer[] = [];
  mta: Mta;
  conn = 0;
  readonly #store: MemoryStore;
  readonly #contents = new ArrivedContents({ heldBy: heldContents });
  readonly #codec: FrameCodec<'x400'>;
  readonly #inputs: Input[] = [];
  #isOpen = true;
  #isReading = true;

  constructor(name: 'A' | 'B') {
    this.#store = new MemoryStore({ octetsOf: this.#contents.take, render: () => new Uint8Array(1) });
    const codecs = new X400Codecs({
      loadContent: ({ content, offset, length }) => this.#store.readContent(content ?? 0, offset ?? 0, length),
      keepContent: this.#contents.put,
    });
    this.#codec = codecs.open({ conn: 1, acceptedAt: null, local: '', remote: '' });
    const begun = start(octetsConfig(name), this.#store.recovered, nowMs);
    this.mta = begun.mta;
    for (const effect of begun.effects) this.#perform(effect);
    this.#run();
  }

  /** Is the connection still up, as far as this MTA is concerned? */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  accept(): void {
    this.conn = 1;
    this.input({ type: 'accepted', link: 'x400', conn: 1, binding: 2_000_000, remote: 'r' });
  }

  submit(text: string, recipients: readonly string[]): void {
    this.#store.putContent(-1, 0, Buffer.from(text));
    const contentType = 'message/rfc822';
    const submission = { submissionId: 's', originator: 'ada@a.example', recipients, priority: 'normal', contentType } as const;
    this.input({ type: 'submit', submission: { ...submission, sizeBytes: Buffer.byteLength(text), content: -1 } });
  }

  /** The connection has ended at the other side. */
  lose(): void {
    if (this.#isOpen) this.input({ type: 'lost', conn: this.conn, error: 10054 });
    this.#isOpen = false;
  }

  octets(chunk: Buffer): void {
    if (!this.#isOpen || !this.#isReading) return;
    try {
      this.#codec.decode(chunk, (frame) => {
        this.input({ type: 'frame', link: 'x400', conn: this.conn, frame });
        return this.#isOpen;
      });
    } catch (error) {
      // Any other error is a fault of the codec, and ends the test.
      if (!(error instanceof MalformedFrame)) throw error;
      this.#isReading = false;
      this.input({ type: 'malformed', conn: this.conn, answer: error.answer, detail: error.message });
    }
  }

  input(input: Input): void {
    this.#inputs.push(input);
    this.#run();
  }

  #run(): void {
    for (let rounds = 0; rounds < 1000; rounds += 1) {
      const input = this.#inputs.shift();
      if (input === undefined) {
        const outcomes = this.#store.commit();
        if (outcomes.length === 0) return this.#contents.settle(this.mta);
        this.#inputs.push(...outcomes);
        continue;
      }
      const stepped = step(this.mta, input, nowMs);
      this.mta = stepped.mta;
      for (const effect of stepped.effects) this.#perform(effect);
    }
    throw new Error('the MTA never comes to rest');
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'listen':
        this.#inputs.push({ type: 'listening', link: effect.link, binding: effect.binding, port: 102 });
        return;
      case 'dial':
        this.conn = effect.conn;
        this.#inputs.push({ type: 'connected', conn: effect.conn });
        return;
      case 'frame': {
        if (effect.link !== 'x400') throw new Error(`a frame of the ${effect.link} link`);
        const octets = new OutgoingOctets();
        this.#codec.encodeInto(octets, effect.frame);
        this.out.push(Buffer.concat(octets.take()));
        return;
      }
      case 'close':
        this.#isOpen = false;
        return;
      case 'store':
      case 'forget':
      case 'settle':
      case 'drop-content':
        this.#store.apply(effect);
        return;
      case 'deliver': {
        const { destination, envelope, content, copy } = effect;
        const text = Buffer.from(this.#store.readContent(content, 0, envelope.sizeBytes)).toString();
        const to = destination.to === 'mailbox' ? destination.address : destination.to;
        this.delivered.push({ to, originator: envelope.originator, text });
        this.#inputs.push({ type: 'delivered', copy });
        return;
      }
      default:
        return;
    }
  }
}
