/** The rules by which a peer is judged, each with where it is written. */

const sections = {
  turn: 'docs/protocol/rules.md#the-turn',
  loss: 'docs/protocol/rules.md#the-turn-after-a-loss',
  associations: 'docs/protocol/rules.md#associations',
  once: 'docs/protocol/rules.md#exactly-once',
  wire: 'docs/protocol/lan-link.md#operations',
  rpc: 'docs/protocol/lan-link.md#what-a-stranger-gets',
} as const;

/** What each rule demands, by its id. */
export const gradeRules = {
  'wire-format': { expected: 'every PDU and its stub can be read: lengths, counts, NDR padding, protobuf', where: sections.wire },
  'call-id': {
    expected: 'an answer has the id of an open call of its connection; a call has an id that is not open',
    where: 'C706 12.6.4',
  },
  'turn-holder': { expected: 'only the holder of the Turn transfers', where: `X.218 9.3, ${sections.turn}` },
  'give-holder': { expected: 'only the holder gives the Turn, and gives it once', where: sections.turn },
  'give-asked': { expected: 'the holder gives only in answer to a Turn-Please', where: sections.turn },
  'give-boundary': { expected: 'the holder never gives during a transfer', where: sections.turn },
  'gives-turn': {
    expected: 'the holder gives the Turn when it has nothing to send, and after at most 10 further transfers',
    where: sections.turn,
  },
  'please-priority': {
    expected: 'the holder gives the Turn before a transfer that the priority of the Please outranks',
    where: sections.turn,
  },
  'please-holder': { expected: 'a side asks for the Turn only while the other side holds it', where: sections.turn },
  'please-once': {
    expected: 'at most one Please is outstanding, and none before the Give is acknowledged',
    where: sections.turn,
  },
  'asks-turn': { expected: 'a side with mail and without the Turn asks for it', where: sections.turn },
  'one-activity': { expected: 'an activity is confirmed before the next one begins', where: `X.228, ${sections.turn}` },
  segments: {
    expected: 'an activity begins with its envelope and goes on without gaps, in segments of a checkpoint, within the window',
    where: 'X.228 7.4, docs/protocol/rules.md#exactly-once',
  },
  'confirm-whole': {
    expected: 'a confirmation covers no more than has arrived; stored means the whole message',
    where: sections.once,
  },
  opens: {
    expected:
      'a side with mail and without an association opens one, under its own name and with a fresh name for the association',
    where: sections.associations,
  },
  accepts: { expected: 'a side accepts an association of the adjacent MTA', where: sections.associations },
  'bind-back': { expected: 'the called MTA binds back before it answers MtaBind with RTOAC', where: sections.associations },
  recovers: { expected: 'the initiator of a lost association recovers it at once', where: sections.loss },
  'recovery-turn': {
    expected: 'a recovery states the Turn from the memory of the initiator, and the responder adopts it',
    where: sections.loss,
  },
  'recovery-number': { expected: 'the recoveries of an association are numbered upwards', where: sections.loss },
  'recovery-initiator': { expected: 'only the initiator of an association recovers it', where: sections.loss },
  'no-duplicate': { expected: 'no message is delivered twice', where: sections.once },
  'nothing-lost': { expected: 'every message is delivered', where: sections.once },
  abort: { expected: 'no side aborts an association (RTAB) while both keep the rules', where: sections.turn },
} as const satisfies Readonly<Record<string, { readonly expected: string; readonly where: string }>>;

/** The id of a rule. */
export type GradeRule = keyof typeof gradeRules;

/** A broken rule. */
export type Breach = {
  readonly rule: GradeRule;
  /** What happened instead. */
  readonly detail: string;
  /** The association it happened on; null if it concerns none. */
  readonly association: string | null;
};
