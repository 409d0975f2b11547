/**
 * Decision points where a documented bug changes what the MTA does. Main code asks a `Behaviour` and does not know which
 * article shaped it, if any. `corrected` answers every question as the standards and the fixed builds do.
 */
export type TurnSide = 'mine' | 'theirs';

export type Behaviour = {
  /**
   * Whose Turn it is after a recovery, as the responder decides.
   * @param stated whose Turn the initiator's recovering RTORQ says it is.
   * @param remembered whose Turn this side believed it was before the loss.
   */
  readonly turnAfterRecovery: (stated: TurnSide, remembered: TurnSide) => TurnSide;
  /** What a side does with a Turn-Please that arrives while it believes the other side has the Turn. */
  readonly pleaseWithoutTurn: () => 'protocol-error' | 'ignore';
  /** Which enabled local bindings the MTA tries, in order, when it dials another MTA. */
  readonly bindingsToTry: (cluster: boolean) => 'all' | 'first';
  /** What the MTA does at start if it cannot listen on one adapter but can listen on others. */
  readonly afterFailedListen: (cluster: boolean) => 'go on' | 'fatal';
  /**
   * What the next attempt of an X.400 connector uses after the network has failed below an association, with mail queued: a
   * control block of its own, or the one of the lost connection, which no longer exists.
   */
  readonly afterNetworkFailure: () => 'new control block' | 'lost control block';
  /**
   * What an X.400 connector frees of a connection when the peer recovers its association while a Turn-Please of this side is
   * outstanding.
   */
  readonly freedByRecovery: () => 'both layers' | 'upper layer';
  /** The checkpoint size in the answer to a recovery over an X.400 connector, in units of 1024 octets. */
  readonly checkpointSizeAtRecovery: (agreed: number, configured: number) => number;
  /** The window size that an X.400 connector asks for, or agrees to. */
  readonly windowOf: (configured: number) => number;
};

/**
 * The corrected MTA. On a cluster each address stands for a virtual server, so no other address will do: by design, in every
 * build.
 */
export const corrected: Behaviour = {
  turnAfterRecovery: (stated) => stated,
  pleaseWithoutTurn: () => 'protocol-error',
  bindingsToTry: (cluster) => (cluster ? 'first' : 'all'),
  afterFailedListen: (cluster) => (cluster ? 'fatal' : 'go on'),
  afterNetworkFailure: () => 'new control block',
  freedByRecovery: () => 'both layers',
  checkpointSizeAtRecovery: (agreed) => agreed,
  windowOf: (configured) => configured,
};

/** Decision points of the RPC runtime. It is part of Windows NT, so it has its own bugs and corrections. */
export type RpcBehaviour = {
  /**
   * Which listening address's table gets a new association group.
   * @param first true until one of this peer's groups is filed under a wrong address, since the start or since the bug was
   *   switched.
   */
  readonly filesNewGroupAt: (first: boolean) => 'where it arrived' | 'another address';
};

export const correctedRpc: RpcBehaviour = { filesNewGroupAt: () => 'where it arrived' };

/** The Knowledge Base articles whose bugs are built in. */
export type Article = 'Q166594' | 'Q181721' | 'Q185934' | 'Q187929' | 'Q229643' | 'Q232602' | 'Q280449' | 'Q285350';

/** A documented bug: the corrected behaviour with the decisions of one article overridden, and nothing else. */
export type Quirk = {
  /** Knowledge Base article. */
  readonly article: Article;
  readonly title: string;
  /** Builds that have the bug, in words. */
  readonly builds: string;
  /** The host that shows the bug. A host with listeners, bindings or adapters in its name has several bindings. */
  readonly showsAt:
    | 'any host'
    | 'two listeners'
    | 'a first binding that gets nowhere'
    | 'an adapter that fails'
    | 'an X.400 connector';
  /**
   * When a live switch to the corrected behaviour takes effect. `at once`: the MTA drops the connections of its associations,
   * and their recovery mends what the bug broke.
   */
  readonly takesEffect: 'at once' | 'at the next dial' | 'at the next start';
} & (
  | { readonly product: 'mta'; readonly override: Partial<Behaviour> }
  | { readonly product: 'nt-rpc'; readonly override: Partial<RpcBehaviour> }
);
