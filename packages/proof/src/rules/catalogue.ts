/**
 * What must always hold, in plain words. The rules know neither the code that is checked nor the faults: they look at states,
 * effects and stores alone. Whoever finds a breach says which rule, and what of the run it was about.
 */

type Rule = {
  /** Safety: nothing bad ever happens. Liveness: once the faults are over, what must happen does. */
  readonly kind: 'safety' | 'liveness';
  readonly words: string;
  /** Where it comes from: a clause of a standard, an article, or this project's own design. */
  readonly clause: string;
};

export const rules = {
  'one-turn': {
    kind: 'safety',
    words: 'An association never has two holders of the Turn.',
    clause: 'X.218 9.4, X.228 7.4',
  },
  'turn-to-transfer': {
    kind: 'safety',
    words: 'Nobody transfers without the Turn.',
    clause: 'X.218 9.3, X.228 7.3',
  },
  'turn-moves': {
    kind: 'safety',
    words:
      'The Turn is given only when asked for and never during a transfer, and asked for only by the side that has it not, once.',
    clause: 'X.218 9.4 and 9.5, X.228 7.4 and 7.5',
  },
  recovery: {
    kind: 'safety',
    words:
      'The initiator recovers what is lost, and it alone, each time under a higher number; no connection from before the loss is kept, nothing of an abandoned attempt is accepted, and what cannot be recovered is forgotten.',
    clause: 'X.228 7.7; rules.md, the Turn after a loss',
  },
  'agreed-first': {
    kind: 'safety',
    words: 'No APDU is carried out on an association before its opening has been agreed.',
    clause: 'X.228 7.1; rules.md, associations',
  },
  'open-interval': {
    kind: 'safety',
    words: 'After a failure to open an association the Open Interval passes before the next attempt.',
    clause: 'Open-Retry-Interval, event 301; rules.md, associations',
  },
  'stop-in-order': {
    kind: 'safety',
    words: 'A stop in order waits for what has been asked of the store.',
    clause: 'rules.md, start and stop',
  },
  incarnation: {
    kind: 'safety',
    words: 'When an MTA is met that has started anew, nothing is kept that was agreed with its earlier life.',
    clause: 'rules.md, associations',
  },
  'turn-answered': {
    kind: 'safety',
    words:
      'A holder that is asked for the Turn starts no transfer that the Please outranks, and none beyond Turn-Request-Threshold; asked for a close, it gives when no mail waits.',
    clause: 'X.218 9.4; rules.md, the Turn',
  },
  threshold: {
    kind: 'safety',
    words: 'A further association is opened when the queue has reached the threshold for each there is, and not before.',
    clause: 'Q166594, Q181721 (Temp-Assoc-Threshold)',
  },
  'confirm-after-store': {
    kind: 'safety',
    words: 'Nothing is confirmed before it is stored.',
    clause: 'X.218 9.3 (transfer of responsibility)',
  },
  'accept-after-store': {
    kind: 'safety',
    words: 'A submission is accepted only when its message is stored, and always under the same identifier.',
    clause: 'X.411 8.2.1.1',
  },
  'kept-until-confirmed': {
    kind: 'safety',
    words: 'A message leaves a store only when the next MTA or the mailbox has it, or a report takes its place.',
    clause: 'X.218 9.3 (transfer of responsibility)',
  },
  content: {
    kind: 'safety',
    words: 'What arrives is what was submitted, octet for octet.',
    clause: 'X.411 12.2.1.1 (content)',
  },
  once: {
    kind: 'safety',
    words: 'No message is delivered to a recipient twice.',
    clause: 'X.411 12.3.1.3; rules.md, exactly once',
  },
  addressed: {
    kind: 'safety',
    words: 'A message is delivered to those it was addressed to, and to nobody else.',
    clause: 'X.411 12.3.1.3',
  },
  order: {
    kind: 'safety',
    words: 'An association takes the most urgent message first, and within a priority the oldest.',
    clause: 'X.411 14.3.4; rules.md, the Turn',
  },
  limits: {
    kind: 'safety',
    words: 'No limit is exceeded.',
    clause: 'Q166594 (threshold), rules.md, associations, X.228 7.3 (window)',
  },
  'unique-ids': {
    kind: 'safety',
    words: 'Identifiers of messages and copies are never used again.',
    clause: 'X.411 8.5.2 (MTS identifier)',
  },
  'no-quarrel': {
    kind: 'safety',
    words: 'Two MTAs that keep to the protocol never find each other in breach of it.',
    clause: 'X.228 7 (protocol errors)',
  },
  total: {
    kind: 'safety',
    words: 'No input in any state breaks an MTA.',
    clause: 'rules.md, start and stop',
  },
  'time-moves': {
    kind: 'liveness',
    words: 'An MTA comes to an end of what it can do at one instant, and the run to an end altogether.',
    clause: 'rules.md, the Turn after a loss',
  },
  'holder-after-faults': {
    kind: 'liveness',
    words:
      'When no fault lasts and all that was under way has arrived, each open association has exactly one holder of the Turn.',
    clause: 'X.218 9.4; Q166594',
  },
  answered: {
    kind: 'liveness',
    words: 'Once no fault lasts every call is answered: none has to be given up.',
    clause: 'C706 6.4 (RPC calls); event 9277',
  },
  'queues-drain': {
    kind: 'liveness',
    words: 'Once the faults are over no queue waits for ever.',
    clause: 'Q166594, Q181721; rules.md, associations',
  },
  starts: {
    kind: 'safety',
    words:
      'An MTA waits until each of its listens is answered; then it starts if one of them is up, on a cluster if all are, and else it ends.',
    clause: 'Q285350; rules.md, bindings',
  },
  bindings: {
    kind: 'safety',
    words:
      'An MTA keeps the bindings of its configuration, whatever their order; it listens on those enabled, dials from them, on a cluster from the first alone, and its data connection takes the way of the first connection.',
    clause: 'Q280449; rules.md, bindings',
  },
  reachable: {
    kind: 'liveness',
    words:
      'While no fault lasts, no mail is given up for want of a connection to an MTA that listens where an enabled binding reaches it.',
    clause: 'Q280449; rules.md, bindings',
  },
  'no-loop': {
    kind: 'safety',
    words: 'No MTA sends a message on that it has sent on before.',
    clause: 'X.411 (trace information); rules.md, associations',
  },
  reportable: {
    kind: 'safety',
    words: 'No report is made on a report, nor on any message that names no originator.',
    clause: 'X.411 8.3.1.2 (reports); rules.md, exactly once',
  },
  'nothing-lost': {
    kind: 'liveness',
    words:
      'Every accepted message ends delivered or reported to its originator; a report ends delivered or with the dead letters.',
    clause: 'X.411 8.3.1.2 (reports); rules.md, exactly once',
  },
  'true-report': {
    kind: 'liveness',
    words: 'A message that is delivered is not reported as not delivered, unless the report says that the outcome is unknown.',
    clause: 'X.411 8.3.1.2 (reports); rules.md, exactly once',
  },
  rest: {
    kind: 'liveness',
    words: 'At rest nothing is left over: no connection, no association, no transfer, nothing in a store.',
    clause: 'rules.md, associations (Association-Lifetime)',
  },
} as const satisfies Readonly<Record<string, Rule>>;

export type RuleId = keyof typeof rules;

/** A breach, and what it was about. */
export type Breach = {
  readonly rule: RuleId;
  /** What was seen, in one sentence. */
  readonly detail: string;
  readonly mta?: string;
  readonly association?: string;
  /** MTS identifier, or activity. */
  readonly message?: string;
  /** The input or event in whose course it was seen, as one line. */
  readonly event?: string;
};

/** A breach with the rule's words. */
export type RuleVerdict = Breach & {
  readonly kind: Rule['kind'];
  readonly words: string;
  readonly clause: string;
  /** Virtual time, in ms. */
  readonly atMs: number;
};

export function verdictOf(breach: Breach, atMs: number): RuleVerdict {
  return { ...breach, ...rules[breach.rule], atMs };
}

/** A verdict in words for people. */
export function verdictText(verdict: RuleVerdict): string {
  const about = [
    verdict.mta === undefined ? '' : `MTA ${verdict.mta}`,
    verdict.association === undefined ? '' : `association ${verdict.association}`,
    verdict.message === undefined ? '' : `message ${verdict.message}`,
    verdict.event === undefined ? '' : `at: ${verdict.event}`,
  ].filter((part) => part !== '');
  return [
    `Rule broken: ${verdict.words} (${verdict.rule}, ${verdict.kind}; ${verdict.clause})`,
    `Seen: ${verdict.detail}`,
    ...(about.length === 0 ? [] : [`About: ${about.join('; ')}`]),
    `When: ${verdict.atMs} ms of virtual time`,
  ].join('\n');
}

/** Thrown where a rule finds a breach; ends the run. */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly breach: Breach;
  constructor(breach: Breach) {
    super(`${breach.rule}: ${breach.detail}`);
    this.breach = breach;
  }
}
