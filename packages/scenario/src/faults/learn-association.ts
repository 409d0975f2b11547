/** Learns from passing PDUs which MTA dialled a connection, and which association the connection belongs to. */
import type { BareFrame } from '@mtalab/mta-core';
import { callIn } from '@mtalab/trace';

/** The part of a connection that is learned. */
type Learned = {
  /** Name of the dialled MTA, which keeps the association groups. */
  readonly link: string;
  clientName: string | null;
  association: string | null;
  group: number;
};

/**
 * Learns from one PDU. MtaBind, MtaBindBack and CONNECT name the caller and the association. On the LAN these come on the first
 * connection of each direction. A data connection binds with the group id that the same MTA gave to that first connection.
 */
export function learn(connection: Learned, fromClient: boolean, pdu: BareFrame, all: Iterable<Learned>): void {
  const call = fromClient ? callIn(pdu) : null;
  if (call !== null) {
    connection.association = call.association;
    connection.clientName = call.from;
  }
  if (pdu.link !== 'rpc') return;
  const { frame } = pdu;
  if (fromClient && frame.type === 'bind' && frame.group !== 0) joinGroup(connection, frame.group, all);
  else if (!fromClient && frame.type === 'bind_ack' && frame.group !== 0) {
    connection.group = frame.group;
    if (connection.association === null) joinGroup(connection, frame.group, all);
  }
}

function joinGroup(connection: Learned, group: number, all: Iterable<Learned>): void {
  for (const other of all) {
    if (other === connection || other.link !== connection.link || other.group !== group || other.association === null) continue;
    connection.association = other.association;
    connection.clientName = other.clientName;
    return;
  }
}
