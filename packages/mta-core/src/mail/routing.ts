/** Routes mail to an adjacent MTA or to a mailbox of this MTA, by the domain of each recipient. */

import type { Mta } from '../machine/state.js';
import { domainOf } from './address.js';
import type { Destination } from './message.js';

/** The destination for a recipient, or null without a route. */
export function routeOf(mta: Mta, recipient: string): Destination | null {
  const domain = domainOf(recipient);
  if (domain === null) return null;
  if (mta.localDomains.includes(domain)) return { to: 'mailbox', address: recipient };
  const { byDomain, other } = mta.routes;
  const next = Object.hasOwn(byDomain, domain) ? (byDomain[domain] as string) : other;
  return next === null ? null : { to: 'mta', mta: next };
}
