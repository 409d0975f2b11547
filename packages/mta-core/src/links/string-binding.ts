/** String bindings: the text form of endpoints in configurations and in MtaBind. */

export type ParsedBinding = {
  readonly host: string;
  /** The port of the server itself, or of the endpoint mapper that knows it. */
  readonly port: number;
  readonly throughMapper: boolean;
};

/** Port of endpoint mappers. */
const mapperPort = 135;

const form = /^((?:ncacn_ip_tcp:)?(\[[^[\]]+\]|[^[\]]+))(?:\[(?:(\d{1,5})|,mapper=(\d{1,5}))\])?$/i;
const nameOrIpv4 = /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?\.?$/i;
const ipv6 = /^(?=.*:.*:)[0-9a-f:.]+(?:%[a-z0-9._-]+)?$/i;
/** The longest DNS name. */
const maxHostLength = 253;

/** Does it stand for all addresses of a host? `0.0.0.0` stands for those of IPv4, `::` for those of both families. */
export function isUnspecified(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

/** Would listeners at these two addresses conflict on one port? */
export function addressesMeet(one: string, other: string): boolean {
  if (one === other || one === '::' || other === '::') return true;
  return (one === '0.0.0.0' || other === '0.0.0.0') && familyOf(one) === familyOf(other);
}

/** The address family of a host. A name may stand for addresses of either family. */
export function familyOf(host: string): 'IPv4' | 'IPv6' | 'name' {
  if (host.includes(':')) return 'IPv6';
  return /^\d+\.\d+\.\d+\.\d+$/.test(host) ? 'IPv4' : 'name';
}

/**
 * Parses `ncacn_ip_tcp:host[port]` and `host[port]`. The host is a name, an IPv4 address or an IPv6 address (which may stand in
 * brackets of its own). A text without a port leads to the endpoint mapper of that host, at port 135 or, as in
 * `host[,mapper=4135]`, at another one. Null for anything else: other protocol sequences, port 0.
 */
export function parseStringBinding(text: string): ParsedBinding | null {
  const found = form.exec(text);
  if (found === null) return null;
  const written = found[2] as string;
  const bracketed = written.startsWith('[');
  const host = bracketed ? written.slice(1, -1) : written;
  const throughMapper = found[3] === undefined;
  const port = Number(found[3] ?? found[4] ?? mapperPort);
  if (host.length > maxHostLength || port < 1 || port > 65535) return null;
  return ipv6.test(host) || (!bracketed && nameOrIpv4.test(host)) ? { host, port, throughMapper } : null;
}

/** Is this `host` or `host[port]`, as for an X.400 connector? It needs neither a protocol nor an endpoint mapper. */
export function isConnectorAddress(text: string): boolean {
  return parseStringBinding(text) !== null && !/^ncacn_|,mapper=/i.test(text);
}

/** A string binding with its host replaced by the address found for it. */
export function bindingAt(text: string, address: string): string {
  const [, before = '', host = ''] = form.exec(text) ?? [];
  return `${before.slice(0, before.length - host.length)}${address}${text.slice(before.length)}`;
}

/** A string binding with its protocol, which a configured endpoint may omit. */
export function withProtocol(text: string): string {
  return /^ncacn_/i.test(text) ? text : `ncacn_ip_tcp:${text}`;
}

/** A string binding with the port that was found for it. */
export function resolvedBinding(text: string, port: number): string {
  return `${form.exec(text)?.[1] ?? text}[${port}]`;
}
