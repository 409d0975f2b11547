/** The captures of a proxy, and the connections that they see. */
import { Capture, type CaptureOptions, type LegSegment, nowUs } from './capture.js';
import { type TcpEnd, type TcpSegment, TcpStream } from './tcp-packets.js';

/** Limit of captures at one time. */
const maxCaptures = 8;
/** Octets and segments kept of the beginning of each connection, for captures that begin later. */
const openingBytes = 8192;
const openingSegments = 64;

/** Between the first sequence numbers of one connection and the next. */
const sequenceStep = 1_000_003;

/** One connection between an MTA and the proxy. */
export class Leg {
  readonly #captures: Captures;
  readonly #client: TcpEnd;
  readonly #server: TcpEnd;
  readonly #mtaDialled: boolean;
  readonly #mta: () => string;
  readonly #stream: TcpStream;
  /** The beginning of the connection. */
  readonly opening: Omit<LegSegment, 'mta'>[] = [];
  #keptBytes = 0;
  #keeps = true;

  /**
   * @param mtaDialled did the MTA open the connection? If not, the proxy did.
   * @param mta the name of the MTA, as far as the proxy knows it by now.
   * @param initialSequence see `TcpStream`.
   */
  constructor(
    captures: Captures,
    ends: { readonly client: TcpEnd; readonly server: TcpEnd },
    mtaDialled: boolean,
    mta: () => string,
    initialSequence: number,
  ) {
    this.#stream = new TcpStream(initialSequence);
    this.#captures = captures;
    this.#client = ends.client;
    this.#server = ends.server;
    this.#mtaDialled = mtaDialled;
    this.#mta = mta;
    this.#publish(this.#stream.open());
  }

  get mta(): string {
    return this.#mta();
  }

  /** Octets that the MTA sent, or that it got. */
  data(fromMta: boolean, octets: Buffer): void {
    this.#publish(this.#stream.data(fromMta === this.#mtaDialled, octets));
  }

  /** The MTA sends nothing more, or the proxy does not. */
  end(byMta: boolean): void {
    this.#publish(this.#stream.end(byMta === this.#mtaDialled));
  }

  reset(byMta: boolean): void {
    this.#publish(this.#stream.reset(byMta === this.#mtaDialled));
  }

  #publish(segments: readonly TcpSegment[]): void {
    if (segments.length === 0) return;
    const timeUs = nowUs();
    for (const segment of segments) {
      const seen = { segment, client: this.#client, server: this.#server, timeUs };
      this.#captures.take({ ...seen, mta: this.#mta() });
      this.#keep(seen);
    }
  }

  #keep(seen: Omit<LegSegment, 'mta'>): void {
    const { payload } = seen.segment;
    this.#keptBytes += payload.length;
    this.#keeps &&= this.#keptBytes <= openingBytes && this.opening.length < openingSegments;
    // A part of a large buffer would keep all of it in memory.
    if (this.#keeps) this.opening.push({ ...seen, segment: { ...seen.segment, payload: Buffer.from(payload) } });
  }
}

export class Captures {
  readonly #mtas: readonly string[];
  readonly #active = new Set<Capture>();
  readonly #legs = new Set<Leg>();
  #count = 0;

  /** @param mtas names of the MTAs. */
  constructor(mtas: readonly string[]) {
    this.#mtas = mtas;
  }

  /**
   * Begins a capture. It begins with what is kept of the beginning of each open connection, with its times: a reader needs that
   * to make sense of the rest.
   * @throws Error if there are too many captures.
   */
  begin(options: CaptureOptions = {}): Capture {
    if (this.#active.size >= maxCaptures) throw new Error(`${maxCaptures} captures run already; end one`);
    const capture = new Capture(this.#mtas, options, (one) => this.#active.delete(one));
    this.#active.add(capture);
    const before = [...this.#legs].flatMap((leg) => leg.opening.map((seen) => ({ ...seen, mta: leg.mta })));
    for (const seen of before.sort((a, b) => a.timeUs - b.timeUs)) capture.take(seen);
    return capture;
  }

  /** A connection between an MTA and the proxy is open. See `Leg`. */
  leg(ends: { readonly client: TcpEnd; readonly server: TcpEnd }, mtaDialled: boolean, mta: () => string): Leg {
    this.#count += 1;
    const leg = new Leg(this, ends, mtaDialled, mta, (this.#count * sequenceStep) % 2 ** 32);
    this.#legs.add(leg);
    return leg;
  }

  /** The connection has ended. */
  gone(leg: Leg): void {
    this.#legs.delete(leg);
  }

  take(seen: LegSegment): void {
    for (const capture of this.#active) capture.take(seen);
  }

  /** Ends all captures. */
  end(): void {
    for (const capture of [...this.#active]) capture.end();
  }
}
