/** Associations of a lab of processes. */
import type { JoinedAssociation } from '@mtalab/scenario';
import type { AssociationRow } from '../process/status.js';

/** One association with the views of both sides. */
export type LabAssociation = JoinedAssociation<AssociationRow>;
