/**
 * What the rows of numbers for the fingerprint are made of. A number from 0 up stands for itself. An id is written as a tag and what
 * is needed to find out later which of its kind it is: ids are counted up through a whole run and say nothing by themselves, only
 * which are equal and which came first.
 */

/** Tags, and what follows them. */
export const tag = {
  /** The number of an MTA. */
  mta: -1,
  /** MTA whose store made the copy; id. */
  copy: -2,
  /** MTA whose store made the copies; the id from which on they are meant. */
  from: -3,
  /** Number of an association's name. */
  association: -4,
  /** Association; recovery number. */
  recovery: -5,
  /** MTA, its number of the connection. */
  connection: -6,
  /** MTA, its number of the connection, call. */
  call: -7,
  /** Call on the connection that the PDU travels on. */
  callHere: -8,
  /** MTA that keeps the association group; id. */
  group: -9,
  /** MTA; incarnation. */
  incarnation: -10,
  /** Number of a message. */
  message: -11,
} as const;

/** In the code of a PDU: the MTA that sent it, the MTA it goes to. */
export const sender = 1000;
export const receiver = 1001;

const words = new Map<string, number>();

/** A number for a word of the program: a state, an operation, a kind. */
export function word(text: string): number {
  const known = words.get(text);
  if (known !== undefined) return known;
  words.set(text, words.size);
  return words.size - 1;
}

export const flag = (value: boolean): number => (value ? 1 : 0);
export const armed = (instant: number | null): number => (instant === null ? 0 : 1);
export const orNull = (value: number | null): number => (value === null ? 0 : value + 1);
