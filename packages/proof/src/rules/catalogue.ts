/**
 * The catalogue of rules, in plain words. The rules know neither the checked code nor the faults: they look only at states,
 * effects and stores. Each breach names its rule, and the MTA, association or message concerned.
 */

type Rule = {
  /** Safety: nothing bad ever happens. Liveness: once the faults are over, the required things happen. */
  readonly kind: 'safety' | 'liveness';
  readonly words: string;
  /** Source of the rule: a clause of a standard, an article, or this project's own design. */
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
    words: 'An MTA transfers mail only while it holds the Turn.',
    clause: 'X.218 9.3, X.228 7.3',
  },
  'turn-moves': {
    kind: 'safety',
    words:
      'An MTA gives the Turn only after a Please, and never during a transfer. Only the side without the Turn asks for it, and only once.',
    clause: 'X.218 9.4 and 9.5, X.228 7.4 and 7.5',
  },
  recovery: {
    kind: 'safety',
    words:
      'Only the initiator recovers a lost association, each time under a higher number. Neither side keeps connections from before the loss or accepts a call of an abandoned attempt. If the peer cannot recover the association, the initiator forgets it.',
    clause: 'X.228 7.7; rules.md, the Turn after a loss',
  },
  'agreed-first': {
    kind: 'safety',
    words: 'An MTA executes no APDU on an association before both sides have agreed to open it.',
    clause: 'X.228 7.1; rules.md, associations',
  },
  'open-interval': {
    kind: 'safety',
    words: 'After a failed attempt to open an association, the MTA waits for the Open Interval before the next attempt.',
    clause: 'Open-Retry-Interval, event 301; rules.md, associations',
  },
  'stop-in-order': {
    kind: 'safety',
    words: 'An orderly stop waits until the store has answered every request.',
    clause: 'rules.md, start and stop',
  },
  incarnation: {
    kind: 'safety',
    words: 'After a peer has restarted, an MTA keeps no association with the earlier process of that peer.',
    clause: 'rules.md, associations',
  },
  'turn-answered': {
    kind: 'safety',
    words:
      'After a Please, the holder of the Turn starts no transfer that the Please outranks, and none beyond Turn-Request-Threshold. After a Please for a close, it gives the Turn only if no mail waits.',
    clause: 'X.218 9.4; rules.md, the Turn',
  },
  threshold: {
    kind: 'safety',
    words:
      'An MTA opens a further association when the queue reaches the threshold times the number of associations, and not before.',
    clause: 'Q166594, Q181721 (Temp-Assoc-Threshold)',
  },
  'confirm-after-store': {
    kind: 'safety',
    words: 'An MTA confirms nothing before it is stored.',
    clause: 'X.218 9.3 (transfer of responsibility)',
  },
  'accept-after-store': {
    kind: 'safety',
    words: 'An MTA accepts a submission only after it has stored the message, and always under the same identifier.',
    clause: 'X.411 8.2.1.1',
  },
  'kept-until-confirmed': {
    kind: 'safety',
    words: 'A store erases a message only after the next MTA or the mailbox has it, or a report replaces it.',
    clause: 'X.218 9.3 (transfer of responsibility)',
  },
  content: {
    kind: 'safety',
    words: 'The delivered content equals the submitted content, octet for octet.',
    clause: 'X.411 12.2.1.1 (content)',
  },
  once: {
    kind: 'safety',
    words: 'No recipient gets a message twice.',
    clause: 'X.411 12.3.1.3; rules.md, exactly once',
  },
  'set-aside': {
    kind: 'safety',
    words: 'An MTA sets a message aside only if the store cannot read its content, and reports that in the same transaction.',
    clause: 'event 2171 (Q157214); rules.md, damaged messages',
  },
  pace: {
    kind: 'safety',
    words: 'An MTA does not begin the transfer of a message again and again without a pause.',
    clause: 'rules.md, the Turn after a loss',
  },
  addressed: {
    kind: 'safety',
    words: 'Only the recipients that a message names get it.',
    clause: 'X.411 12.3.1.3',
  },
  order: {
    kind: 'safety',
    words: 'An association sends the most urgent message first, and within a priority the oldest.',
    clause: 'X.411 14.3.4; rules.md, the Turn',
  },
  limits: {
    kind: 'safety',
    words: 'An MTA exceeds no limit.',
    clause: 'Q166594 (threshold), rules.md, associations, X.228 7.3 (window)',
  },
  'in-flight': {
    kind: 'safety',
    words:
      'An association has no more unconfirmed activities than both sides have agreed to. Each is sent whole before the next begins, and all are confirmed before the Turn is given.',
    clause: 'X.228 7.3 for one activity; activitiesInFlight (own): rules.md, more than one activity in flight',
  },
  'control-blocks': {
    kind: 'safety',
    words:
      'An X.400 connector uses no more control blocks than configured: one for each connection, and one for the listener. The end of a connection frees its control block.',
    clause: 'Q229643 (control blocks)',
  },
  checkpoints: {
    kind: 'safety',
    words:
      'Over an X.400 connector, a transfer goes on where its last segment ended. After an interruption it resumes at the last confirmed checkpoint, and sends nothing in front of it again.',
    clause: 'X.228 7.8, X.225 (ACTIVITY RESUME)',
  },
  'unique-ids': {
    kind: 'safety',
    words: 'An MTA never reuses an identifier of a message or a copy.',
    clause: 'X.411 8.5.2 (MTS identifier)',
  },
  'no-quarrel': {
    kind: 'safety',
    words: 'Two MTAs that follow the protocol never accuse each other of a breach.',
    clause: 'X.228 7 (protocol errors)',
  },
  total: {
    kind: 'safety',
    words: 'No input in any state breaks an MTA.',
    clause: 'rules.md, start and stop',
  },
  'time-moves': {
    kind: 'liveness',
    words: 'An MTA takes finitely many steps at one instant, and the run ends.',
    clause: 'rules.md, the Turn after a loss',
  },
  'holder-after-faults': {
    kind: 'liveness',
    words: 'Once the faults are over and nothing is under way, each open association has exactly one holder of the Turn.',
    clause: 'X.218 9.4; Q166594',
  },
  answered: {
    kind: 'liveness',
    words: 'Once the faults are over, every call gets an answer: no caller gives one up.',
    clause: 'C706 6.4 (RPC calls); event 9277',
  },
  'queues-drain': {
    kind: 'liveness',
    words: 'Once the faults are over, no queue waits for ever.',
    clause: 'Q166594, Q181721; rules.md, associations',
  },
  starts: {
    kind: 'safety',
    words:
      'An MTA waits for the answers to all its listens. Then it runs if one listener is up (on a cluster: if all are up); otherwise it ends.',
    clause: 'Q285350; rules.md, bindings',
  },
  bindings: {
    kind: 'safety',
    words:
      'An MTA keeps the bindings of its configuration, in any order. It listens on the enabled ones and dials from them (on a cluster: only from the first). Its data connection uses the addresses of the first connection.',
    clause: 'Q280449; rules.md, bindings',
  },
  reachable: {
    kind: 'liveness',
    words:
      'Once the faults are over, an MTA gives up no mail because it cannot connect to an MTA that listens at an address within reach of an enabled binding.',
    clause: 'Q280449; rules.md, bindings',
  },
  'no-loop': {
    kind: 'safety',
    words: 'No MTA forwards a message twice.',
    clause: 'X.411 (trace information); rules.md, associations',
  },
  reportable: {
    kind: 'safety',
    words: 'No MTA reports on a report, or on a message without an originator.',
    clause: 'X.411 8.3.1.2 (reports); rules.md, exactly once',
  },
  'nothing-lost': {
    kind: 'liveness',
    words:
      'For every accepted message, each recipient gets it or the originator gets a report. Each report reaches a mailbox or the dead letters.',
    clause: 'X.411 8.3.1.2 (reports); rules.md, exactly once',
  },
  'true-report': {
    kind: 'liveness',
    words: 'No report says that a delivered message was not delivered, unless it says that the outcome is unknown.',
    clause: 'X.411 8.3.1.2 (reports); rules.md, exactly once',
  },
  rest: {
    kind: 'liveness',
    words: 'At rest an MTA has no connection, no association and no transfer, and its store is empty.',
    clause: 'rules.md, associations (Association-Lifetime)',
  },
} as const satisfies Readonly<Record<string, Rule>>;

export type RuleId = keyof typeof rules;

/** A breach of a rule, and the MTA, association and message concerned. */
export type Breach = {
  readonly rule: RuleId;
  /** What happened, in one sentence. */
  readonly detail: string;
  readonly mta?: string;
  readonly association?: string;
  /** MTS identifier, or activity. */
  readonly message?: string;
  /** The input or event during which the breach appeared, as one line. */
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

/** A verdict as text for people. */
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

/** Thrown when a rule finds a breach; ends the run. */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly breach: Breach;
  constructor(breach: Breach) {
    super(`${breach.rule}: ${breach.detail}`);
    this.breach = breach;
  }
}
