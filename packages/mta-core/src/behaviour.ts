/**
 * The decision points at which a documented bug makes the MTA behave otherwise. Main code asks a `Behaviour` and never
 * knows which article, if any, shaped it. `corrected` answers every question as the standards and the fixed builds do.
 */
export type TurnSide = 'mine' | 'theirs';

export type Behaviour = {
  /**
   * The responder of a recovered association asks: whose Turn is it now?
   * @param stated what the initiator's recovering RTORQ says.
   * @param remembered what this side believed before the loss.
   */
  readonly turnAfterRecovery: (stated: TurnSide, remembered: TurnSide) => TurnSide;
  /** A Turn-Please has come to a side that believes the other one has the Turn. */
  readonly pleaseWithoutTurn: () => 'protocol-error' | 'ignore';
};

export const corrected: Behaviour = {
  turnAfterRecovery: (stated) => stated,
  pleaseWithoutTurn: () => 'protocol-error',
};

/** A documented bug: `corrected` with the decisions of one article overridden, and nothing else. */
export type Quirk = {
  /** Knowledge Base article. */
  readonly article: string;
  readonly title: string;
  readonly product: 'mta';
  /** Builds that had it, in words. */
  readonly builds: string;
  readonly override: Partial<Behaviour>;
};
