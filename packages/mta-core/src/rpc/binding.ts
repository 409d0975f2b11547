/** String bindings: how an endpoint is written in configurations and in MtaBind. */

export type ParsedBinding = { readonly host: string; readonly port: number };

const form = /^(?:ncacn_ip_tcp:)?(\[[^[\]]+\]|[^[\]]+)\[(\d{1,5})\]$/i;
const nameOrIpv4 = /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?\.?$/i;
const ipv6 = /^(?=.*:.*:)[0-9a-f:.]+(?:%[a-z0-9._-]+)?$/i;
/** The longest DNS name. */
const maxHostLength = 253;

/**
 * Takes `ncacn_ip_tcp:host[port]` and `host[port]` apart; the host is a name, an IPv4 address or an IPv6 address (which
 * may stand in brackets of its own). Null for anything else: other protocol sequences, no port, port 0.
 */
export function parseStringBinding(text: string): ParsedBinding | null {
  const found = form.exec(text);
  if (found === null) return null;
  const written = found[1] as string;
  const bracketed = written.startsWith('[');
  const host = bracketed ? written.slice(1, -1) : written;
  const port = Number(found[2]);
  if (host.length > maxHostLength || port < 1 || port > 65535) return null;
  return ipv6.test(host) || (!bracketed && nameOrIpv4.test(host)) ? { host, port } : null;
}
