/** Associations of a lab of processes. */
import type { AssociationView } from '@mtalab/mta-core';
import { joinAssociations, type RawAssociation } from '@mtalab/scenario';
import type { Answer } from '../process/answers.js';
import type { Readable } from '../readable.js';

/** One association with the views of both sides. */
export type LabAssociation = Readable<RawAssociation>;

/** Joins the answers of all MTAs of a lab. */
export function joinAnswers(answers: readonly Answer<readonly AssociationView[]>[]): readonly RawAssociation[] {
  const unanswered = answers.flatMap((answer) => (answer.ok ? [] : [answer.mta]));
  return joinAssociations(new Map(answers.flatMap((answer) => (answer.ok ? [[answer.mta, answer.value]] : []))), unanswered);
}
