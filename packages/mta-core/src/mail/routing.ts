/** Where mail goes: to an adjacent MTA or to a mailbox of this MTA, by the domain of each recipient. */

import type { Mta } from '../machine/state.js';
import type { Destination } from './message.js';

/** The domain of an address in lower case, or null where the text is no address. */
export function domainOf(address: string): string | null {
  const at = address.lastIndexOf('@');
  if (at <= 0 || at === address.length - 1 || address.length > 320) return null;
  for (let index = 0; index < address.length; index += 1) {
    const code = address.charCodeAt(index);
    if (code <= 0x20 || code === 0x7f) return null;
  }
  return address.slice(at + 1).toLowerCase();
}

/** The way to a recipient, or null when there is none. */
export function routeOf(mta: Mta, recipient: string): Destination | null {
  const domain = domainOf(recipient);
  if (domain === null) return null;
  if (mta.localDomains.includes(domain)) return { to: 'mailbox', address: recipient };
  const { byDomain, other } = mta.routes;
  const next = Object.hasOwn(byDomain, domain) ? (byDomain[domain] as string) : other;
  return next === null ? null : { to: 'mta', mta: next };
}
