/** How many unconfirmed messages a load has, and how they are spread over associations. */

export type Shape = {
  readonly associations: number;
  /** Unconfirmed activities on one association. X.228 has one; more are an extension that both sides must have agreed to. */
  readonly perAssociation: number;
};

/**
 * Spreads `inFlight` messages evenly over as few associations as possible.
 * @param most activities on one association.
 */
export function shapeOf(inFlight: number, most = 1): Shape {
  let perAssociation = Math.min(inFlight, most);
  while (inFlight % perAssociation !== 0) perAssociation -= 1;
  return { associations: inFlight / perAssociation, perAssociation };
}

/** A shape in words: `9 in flight (9 associations)`. */
export function shapeText({ associations, perAssociation }: Shape): string {
  const over = associations === 1 ? 'one association' : `${associations} associations`;
  return `${associations * perAssociation} in flight (${over}${perAssociation === 1 ? '' : `, ${perAssociation} on each`})`;
}
