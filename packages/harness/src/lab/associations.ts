/** Associations of a lab of processes. */
import type { AssociationView } from '@mtalab/mta-core';
import type { JoinedAssociation } from '@mtalab/scenario';

/** One side's view of an association, whose members can also be looked up by name. */
export type AssociationRow = AssociationView & { readonly [more: string]: unknown };

/** One association with the views of both sides. */
export type LabAssociation = JoinedAssociation<AssociationRow>;
