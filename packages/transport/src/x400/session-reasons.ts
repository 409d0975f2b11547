/**
 * AbortReasons as reason codes of ACTIVITY INTERRUPT, ACTIVITY DISCARD and EXCEPTION DATA (X.225 8.3). The session has fewer: three
 * AbortReasons travel as their nearest relative.
 */
import type { AbortReason } from '@mtalab/mta-core';

/** X.225's names: no specific reason 0, receiving ability jeopardized 1, user sequence error 3, local SS-user error 5, unrecoverable 6. */
export const reasonCode: Readonly<Record<AbortReason, number>> = {
  transferCompleted: 0,
  temporaryProblem: 1,
  localSystemProblem: 1,
  unrecognizedActivity: 3,
  invalidParameter: 5,
  userError: 5,
  permanentProblem: 6,
  protocolError: 6,
};

/** The AbortReason of each code. */
export const reasonOfCode: readonly (AbortReason | undefined)[] = [
  'transferCompleted',
  'temporaryProblem',
  undefined,
  'unrecognizedActivity',
  undefined,
  'invalidParameter',
  'permanentProblem',
];
