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
  /** Which of the enabled local bindings are tried, in order, when another MTA is dialled? */
  readonly bindingsToTry: (cluster: boolean) => 'all' | 'first';
  /** At start an adapter could not be listened on, others could. */
  readonly afterFailedListen: (cluster: boolean) => 'go on' | 'fatal';
};

/** `corrected` for the MTA. On a cluster an address stands for a virtual server, so no other one will do: by design, in every build. */
export const corrected: Behaviour = {
  turnAfterRecovery: (stated) => stated,
  pleaseWithoutTurn: () => 'protocol-error',
  bindingsToTry: (cluster) => (cluster ? 'first' : 'all'),
  afterFailedListen: (cluster) => (cluster ? 'fatal' : 'go on'),
};

/** The decision points of the RPC runtime, which is a part of Windows NT and has bugs and corrections of its own. */
export type RpcBehaviour = {
  /**
   * In the table of which listening address is a new association group filed?
   * @param first has none been filed under a wrong address for this peer, since the start or since the bug was switched?
   */
  readonly filesNewGroupAt: (first: boolean) => 'where it arrived' | 'another address';
};

export const correctedRpc: RpcBehaviour = { filesNewGroupAt: () => 'where it arrived' };

/** A documented bug: the corrected behaviour with the decisions of one article overridden, and nothing else. */
export type Quirk = {
  /** Knowledge Base article. */
  readonly article: string;
  readonly title: string;
  /** Builds that had it, in words. */
  readonly builds: string;
  /** The host at which it shows. Where that is not any, it has several bindings. */
  readonly showsAt: 'any host' | 'two listeners' | 'a first binding that gets nowhere' | 'an adapter that fails';
  /**
   * When a live switch to the corrected behaviour shows. `at once`: the connections of this MTA's associations are dropped, so
   * that what the bug has broken is mended by their recovery.
   */
  readonly takesEffect: 'at once' | 'at the next dial' | 'at the next start';
} & (
  | { readonly product: 'mta'; readonly override: Partial<Behaviour> }
  | { readonly product: 'nt-rpc'; readonly override: Partial<RpcBehaviour> }
);
