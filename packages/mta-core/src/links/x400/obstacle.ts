/** Why the X.400 connector to an adjacent MTA can open no association now, for the views. */
import type { LtabEntry, Mta } from '../../machine/state.js';
import type { LinkObstacle } from '../link.js';
import { leakedOfNoneFree } from './control-blocks.js';
import { lostControlBlockOf } from './lost-control-blocks.js';

export function obstacle(mta: Mta, { id, name: peer }: LtabEntry): LinkObstacle | null {
  const lost = lostControlBlockOf(mta, id);
  if (lost !== null) {
    const says = `the connector to ${peer} goes on addressing control block ${lost} of a connection that the network has lost`;
    return { reason: 'lost-control-block', says: `${says}, so nothing reaches the network (Q232602)`, needsRestart: true };
  }
  const leaked = leakedOfNoneFree(mta);
  if (leaked === null) return null;
  const isAll = leaked === mta.x400.controlBlocks.length;
  const whose = leaked === 0 ? 'all have connections' : `connections that are gone have ${leaked} of them (Q229643)`;
  const says = `none of the ${mta.settings.controlBlocks} control blocks of ${mta.name} is free (event 9156): ${whose}`;
  return { reason: 'no-control-block', says, needsRestart: isAll };
}
