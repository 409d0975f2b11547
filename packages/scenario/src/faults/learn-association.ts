/** What a link learns from the PDUs that pass: who dialled, and which association a connection belongs to. */
import type { Pdu } from '@mtalab/mta-core';

/** The part of a connection that is learned. */
type Learned = {
  /** Name of the MTA that was dialled: association groups are kept there. */
  readonly link: string;
  clientName: string | null;
  association: string | null;
  group: number;
};

/**
 * Learn from one PDU. MtaBind and MtaBindBack name the caller and the association on the first connection of each way;
 * a data connection is known by binding with the group id that this first connection was given by the same MTA.
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
