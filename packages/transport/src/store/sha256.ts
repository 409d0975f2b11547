/** SHA-256 of octets that are in memory as a whole. */
import * as crypto from 'node:crypto';

/** In hexadecimal. Node 20.12 and newer have a function for this that is twice as fast on short messages. */
export function sha256Of(octets: Uint8Array): string {
  if (typeof crypto.hash === 'function') return crypto.hash('sha256', octets, 'hex');
  return crypto.createHash('sha256').update(octets).digest('hex');
}
