/** Associations of a lab of processes. */
import type { AssociationView } from '@mtalab/mta-core';
import { type JoinedAssociation, joinAssociations } from '@mtalab/scenario';
import type { Answer } from '../process/answers.js';

/** One association with the views of both sides. */
export type LabAssociation = JoinedAssociation<AssociationView>;

/** Joins the answers of all MTAs of a lab. */
export function joinAnswers(answers: readonly Answer<readonly AssociationView[]>[]): readonly LabAssociation[] {
  const unanswered = answers.flatMap((answer) => (answer.ok ? [] : [answer.mta]));
  return joinAssociations(new Map(answers.flatMap((answer) => (answer.ok ? [[answer.mta, answer.value]] : []))), unanswered);
}
