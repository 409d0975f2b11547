/** The virtual lab cannot go on, or the request makes no sense. */
export class VirtualLabError extends Error {
  override readonly name = 'VirtualLabError';
}
