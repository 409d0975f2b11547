/** A virtual lab can go no further, or was asked for what makes no sense. */
export class VirtualLabError extends Error {
  override readonly name = 'VirtualLabError';
}
