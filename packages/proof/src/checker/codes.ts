/**
 * The codes in the rows of numbers for the fingerprint. A number from 0 up stands for itself. An id is a tag and the data that later
 * give its rank among the ids of its kind: ids count up through a whole run, and only their equality and order
 * mean anything.
 */

/** Tags, and the data that follow them. */
export const tag = {
  /** The number of an MTA. */
  mta: -1,
  /** MTA whose store made the copy; id. */
  copy: -2,
  /** MTA whose store made the copies; the lowest id of the range. */
  from: -3,
  /** Number of an association's name. */
  association: -4,
  /** Association; recovery number. */
  recovery: -5,
  /** MTA; its number of the connection. */
  connection: -6,
  /** MTA; its number of the connection; call. */
  call: -7,
  /** Call on the PDU's connection. */
  callHere: -8,
  /** MTA that keeps the association group; id. */
  group: -9,
  /** MTA; incarnation. */
  incarnation: -10,
  /** Number of a message. */
  message: -11,
} as const;

/** In the code of a PDU: its sender and its receiver. */
export const sender = 1000;
export const receiver = 1001;

const words = new Map<string, number>();

/** The number of a word of the program, such as a state, an operation or a kind. */
export function word(text: string): number {
  const known = words.get(text);
  if (known !== undefined) return known;
  words.set(text, words.size);
  return words.size - 1;
}

export const flag = (value: boolean): number => (value ? 1 : 0);
export const armed = (instant: number | null): number => (instant === null ? 0 : 1);
export const orNull = (value: number | null): number => (value === null ? 0 : value + 1);
