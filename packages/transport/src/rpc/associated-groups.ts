/** Which accepted connections belong to an association: only those may send long calls. */
import type { Pdu } from '@mtalab/mta-core';

/**
 * Mail comes on other connections than the one that MtaBind came on, but of the same association group. Only a peer that
 * knows the group can join it. What this side sends is enough to know all of this.
 */
export class AssociatedGroups {
  readonly #groupOf = new Map<number, number>();
  readonly #groups = new Map<number, { connections: number; bound: boolean }>();

  /** Take note of what has been sent on an accepted connection. */
  sent(conn: number, pdu: Pdu): void {
    if (pdu.type === 'bind_ack') this.#join(conn, pdu.group);
    else if (pdu.type === 'response' && opens(pdu.body)) {
      const group = this.#groups.get(this.#groupOf.get(conn) ?? 0);
      if (group !== undefined) group.bound = true;
    }
  }

  has(conn: number): boolean {
    return this.#groups.get(this.#groupOf.get(conn) ?? 0)?.bound === true;
  }

  /** The connection is gone. A group ends with its last one. */
  left(conn: number): void {
    const id = this.#groupOf.get(conn);
    const group = id === undefined ? undefined : this.#groups.get(id);
    if (id === undefined || group === undefined) return;
    this.#groupOf.delete(conn);
    group.connections -= 1;
    if (group.connections === 0) this.#groups.delete(id);
  }

  #join(conn: number, id: number): void {
    this.left(conn);
    const group = this.#groups.get(id) ?? { connections: 0, bound: false };
    group.connections += 1;
    this.#groups.set(id, group);
    this.#groupOf.set(conn, id);
  }
}

/** Does this answer make, or take up again, an association? */
function opens(body: Extract<Pdu, { readonly type: 'response' }>['body']): boolean {
  return (body.op === 'MtaBind' && body.apdu.kind === 'rtoac') || (body.op === 'MtaBindBack' && body.accepted);
}
