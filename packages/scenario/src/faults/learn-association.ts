/** Learns from passing PDUs which MTA dialled a connection, and which association the connection belongs to. */
import type { Pdu } from '@mtalab/mta-core';

/** The part of a connection that is learned. */
type Learned = {
  /** Name of the dialled MTA, which keeps the association groups. */
  readonly link: string;
  clientName: string | null;
  association: string | null;
  group: number;
};

/**
 * Learns from one PDU. MtaBind and MtaBindBack name the caller and the association on the first connection of each direction. A
 * data connection binds with the group id that the same MTA gave to that first connection.
 */
export function learn(connection: Learned, fromClient: boolean, pdu: Pdu, all: Iterable<Learned>): void {
  if (fromClient && pdu.type === 'bind' && pdu.group !== 0) joinGroup(connection, pdu.group, all);
  else if (!fromClient && pdu.type === 'bind_ack' && pdu.group !== 0) {
    connection.group = pdu.group;
    if (connection.association === null) joinGroup(connection, pdu.group, all);
  } else if (fromClient && pdu.type === 'request') {
    const { body } = pdu;
    if (body.op !== 'MtaBind' && body.op !== 'MtaBindBack') return;
    connection.association = body.association;
    connection.clientName = body.from.mtaName;
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
