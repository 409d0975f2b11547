/** The associations of a lab of processes. */
import type { JoinedAssociation } from '@mtalab/scenario';
import type { AssociationRow } from '../process/status.js';

/** One association, seen from both its ends. */
export type LabAssociation = JoinedAssociation<AssociationRow>;
