/** Captures of one MTA in its own process: no proxy is needed, because the MTA's own sockets are tapped. */
import type { SocketTap } from '@mtalab/transport';
import type { Capture, CaptureOptions } from './capture.js';
import { Captures } from './captures.js';

export class MtaCaptures {
  readonly #captures: Captures;
  readonly #name: string;

  /** @param name of the MTA. */
  constructor(name: string) {
    this.#name = name;
    this.#captures = new Captures([name]);
  }

  /** For the sockets of the MTA. */
  readonly tap: SocketTap = (ends, dialled) => {
    const leg = this.#captures.leg(ends, dialled, () => this.#name);
    return {
      data: (sent, octets) => leg.data(sent, octets),
      end: (sent) => leg.end(sent),
      reset: (sent) => leg.reset(sent),
      gone: () => this.#captures.gone(leg),
    };
  };

  /** Begins a capture. @throws Error if there are too many. */
  begin(options: CaptureOptions): Capture {
    return this.#captures.begin(options);
  }

  /** Ends all captures. */
  end(): void {
    this.#captures.end();
  }
}
