/** The bindings of a pair's MTAs, as the command line gives them. */
import { isIP } from 'node:net';
import type { BindingOption } from '@mtalab/harness';
import { isUnspecified, quirkOf } from '@mtalab/mta-core';
import { plainAddress } from '../config/fields.js';
import { UsageError } from '../errors.js';
import { mustBeOfPair, shortened } from './names.js';

const form = 'MTA-A=ADDRESS,ADDRESS with IPv4 or IPv6 addresses, each as LABEL@ADDRESS[PORT] where a label or a port is wanted';

/** `127.0.0.2`, `::1`, `lan2@127.0.0.2[4097]`. */
function bindingOf(text: string): BindingOption {
  const [, label = '', address = '', port] = /^(?:([^@]*)@)?([^[\]]*)(?:\[(\d{1,5})\])?$/.exec(text) ?? [];
  if (isIP(address) === 0) throw new UsageError(`--bindings takes ${form}; "${shortened(text)}" names no IP address`);
  if (isUnspecified(plainAddress(address)))
    throw new UsageError(`--bindings: ${address} is no address that the other MTA can call back; name one of this machine`);
  if (port !== undefined && Number(port) > 65_535) throw new UsageError(`--bindings: ${text} has no port from 0 to 65535`);
  return { address: plainAddress(address), port: Number(port ?? 0), ...(label === '' ? {} : { label }) };
}

/** One way to write each address and port. */
function addressOf({ address = '127.0.0.1', port = 0 }: BindingOption): string {
  return port === 0 ? plainAddress(address) : `${plainAddress(address)}[${port}]`;
}

/** The first text that was there before. They are compared without regard to case, as they are when a binding is named. */
function repeated(texts: readonly (string | undefined)[]): string | undefined {
  const lower = texts.map((text) => text?.toLowerCase());
  return texts.find((text, at) => text !== undefined && lower.indexOf(text.toLowerCase()) !== at);
}

/**
 * @param words such as `MTA-B=135`: whose endpoint mapper listens on which port.
 * @throws UsageError naming what makes no sense.
 */
export function mapperPortsOf(words: readonly string[]): Readonly<Record<string, number>> {
  const ports: Record<string, number> = {};
  for (const word of words) {
    const [, name = '', port = ''] = /^([^=]*)=(\d{1,5})$/.exec(word) ?? [];
    if (port === '' || Number(port) > 65_535)
      throw new UsageError(`--mapper takes MTA=PORT with a port from 0 to 65535, such as MTA-B=135, not "${shortened(word)}"`);
    mustBeOfPair('--mapper', name);
    if (ports[name] !== undefined) throw new UsageError(`--mapper: that of ${name} is given twice`);
    ports[name] = Number(port);
  }
  return ports;
}

/** What to tell somebody who asked for an article that cannot show: one line for each, or none. */
export function bindingHints(
  legacy: Readonly<Record<string, readonly string[]>>,
  bindings: Readonly<Record<string, readonly BindingOption[]>>,
): readonly string[] {
  return Object.entries(legacy).flatMap(([name, articles]) => {
    const waiting = articles.filter((article) => quirkOf(article)?.showsAt !== 'any host');
    if (waiting.length === 0 || (bindings[name]?.length ?? 1) > 1) return [];
    return [
      `note: ${waiting.join(' and ')} cannot show at ${name}, which has one binding; --bindings ${name}=ADDRESS,ADDRESS gives it more`,
    ];
  });
}

/**
 * @param words such as `MTA-B=127.0.0.1,127.0.0.2`.
 * @throws UsageError naming what makes no sense.
 */
export function bindingsOf(words: readonly string[]): Readonly<Record<string, readonly BindingOption[]>> {
  const found: Record<string, readonly BindingOption[]> = {};
  for (const word of words) {
    const [, name = '', list = ''] = /^([^=]*)=(.*)$/s.exec(word) ?? [];
    if (list === '') throw new UsageError(`--bindings takes ${form}, not "${shortened(word)}"`);
    mustBeOfPair('--bindings', name);
    if (found[name] !== undefined) throw new UsageError(`--bindings: those of ${name} are given twice`);
    const bindings = list.split(',').map((part) => bindingOf(part.trim()));
    const twice = repeated(bindings.map(({ label }) => label)) ?? repeated(bindings.map(addressOf));
    if (twice !== undefined) throw new UsageError(`--bindings: ${name} has ${twice} twice; remove one of them`);
    found[name] = bindings;
  }
  return found;
}
