/** The connection to the server of the page. It comes back by itself, and goes on where it was. */
import type { PageMessage, PageRequest } from '@mtalab/trace';

export type ConnectionState = 'connecting' | 'open' | 'lost' | 'refused';

export type ConnectionUser = {
  readonly message: (message: PageMessage) => void;
  readonly state: (state: ConnectionState) => void;
};

/** Real time before the next attempt, ms: grows up to the last. */
const retriesMs = [250, 500, 1000, 2000, 4000];

export class Connection {
  readonly #user: ConnectionUser;
  readonly #url: string;
  #socket: WebSocket | null = null;
  #tries = 0;
  #wasOpen = false;

  constructor(url: string, user: ConnectionUser) {
    this.#url = url;
    this.#user = user;
  }

  open(): void {
    this.#user.state(this.#wasOpen ? 'lost' : 'connecting');
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.onopen = () => {
      this.#tries = 0;
      this.#wasOpen = true;
      this.#user.state('open');
    };
    socket.onmessage = ({ data }) => this.#user.message(JSON.parse(String(data)) as PageMessage);
    socket.onclose = () => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      this.#user.state('lost');
      const waitMs = retriesMs[Math.min(this.#tries, retriesMs.length - 1)] ?? 4000;
      this.#tries += 1;
      setTimeout(() => this.open(), waitMs);
    };
  }

  /** Tries again now. */
  retry(): void {
    if (this.#socket === null) this.open();
  }

  /** @returns false if there is no connection. */
  send(request: PageRequest): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(request));
    return true;
  }
}
