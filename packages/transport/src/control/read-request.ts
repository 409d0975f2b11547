/** Reads what all requests of the control channel have in common. */
import { BadRequest } from './bad-request.js';
import { requestHead } from './schema.js';

/** A request without its id and its command. */
export type GivenArguments = Readonly<Record<string, unknown>>;

/** @throws BadRequest when there is no id by which it could be answered. */
export function readRequest(text: string): { readonly id: number; readonly cmd: string; readonly args: GivenArguments } {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (error) {
    throw new BadRequest(`a request must be JSON: ${(error as Error).message}`);
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw new BadRequest('a request must be an object');
  const head = requestHead.safeParse(given);
  if (!head.success) throw new BadRequest('id: expected a whole number, by which the reply is known');
  const { id: _id, cmd: _cmd, ...args } = given as GivenArguments;
  return { ...head.data, args };
}
