/** The open calls of each connection, as the link saw them: which answer belongs to which call. */
import type { RequestPdu } from '@mtalab/mta-core';
import type { LinkPdu } from '@mtalab/trace';

type Open = Map<number, RequestPdu>;

/** Both directions of every connection: a call is open from its request to its answer. */
export class OpenCalls {
  readonly #byConnection = new Map<string, Open>();

  /** A request. Returns false if its id is that of an open call. */
  asked(pdu: LinkPdu, request: RequestPdu): boolean {
    const open = this.#of(pdu.conn, pdu.from);
    const isNew = !open.has(request.call);
    open.set(request.call, request);
    return isNew;
  }

  /** An answer. Returns the request, which is no longer open; undefined if there is none. */
  answered(pdu: LinkPdu, call: number): RequestPdu | undefined {
    const open = this.#of(pdu.conn, pdu.to);
    const request = open.get(call);
    open.delete(call);
    return request;
  }

  #of(conn: number, client: string): Open {
    const key = `${conn} ${client}`;
    const known = this.#byConnection.get(key);
    if (known !== undefined) return known;
    const made: Open = new Map();
    this.#byConnection.set(key, made);
    return made;
  }
}
