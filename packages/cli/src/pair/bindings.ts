/** Reads the bindings of a pair, and the ports of its other listeners, from the command line. */

import { isIP } from 'node:net';
import { addressKey, addressProblem, type BindingOption, listeningClash, plainAddress } from '@mtalab/harness';
import { isUnspecified, type Quirk, quirkOf } from '@mtalab/mta-core';
import { bindingClashes } from '../config/binding-clashes.js';
import { UsageError } from '../errors.js';
import { excerpt } from '../option-values.js';
import { pairNames, requireMtaOfPair } from './pair-mtas.js';

const form = 'MTA-A=ADDRESS,ADDRESS with IPv4 or IPv6 addresses, and LABEL@ADDRESS[PORT] for an address with a label or a port';

/** Reads `127.0.0.2`, `::1` or `lan2@127.0.0.2[4097]`. */
function bindingOf(text: string): BindingOption {
  const [, label = '', address = '', port] = /^(?:([^@]*)@)?([^[\]]*)(?:\[(\d{1,5})\])?$/.exec(text) ?? [];
  if (isIP(address) === 0) throw new UsageError(`--bindings takes ${form}; "${excerpt(text)}" has no IP address`);
  const problem = addressProblem(address);
  if (problem !== undefined) throw new UsageError(`--bindings: ${problem}`);
  if (isUnspecified(addressKey(address)))
    throw new UsageError(`--bindings: the other MTA cannot call back to ${address}; name an address of this machine`);
  if (port !== undefined && Number(port) > 65_535) throw new UsageError(`--bindings: the port of ${text} is not from 0 to 65535`);
  return { address: plainAddress(address), port: Number(port ?? 0), ...(label === '' ? {} : { label }) };
}

/** @throws UsageError naming a binding that has the same name as another binding of its MTA. */
function requireDistinctBindings(mta: string, bindings: readonly BindingOption[]): void {
  const [clash] = bindingClashes(bindings);
  if (clash === undefined) return;
  throw new UsageError(
    clash.kind === 'label of a place'
      ? `--bindings: ${mta} has ${clash.name} as a label and as an address, so it names two bindings; choose another label`
      : `--bindings: ${mta} has ${clash.name} twice; remove one of them`,
  );
}

export type PortsByMta = Readonly<Record<string, number>>;

/** @throws UsageError naming the option that makes two listeners share one port of one address. */
export function requireNoListeningClash(
  bindings: Readonly<Record<string, readonly BindingOption[]>>,
  ports: { readonly mapper: PortsByMta; readonly smtp: PortsByMta; readonly metrics: PortsByMta },
): void {
  const mtas = pairNames.map((name) => ({
    name,
    bindings: bindings[name] ?? [{}],
    mapperPort: ports.mapper[name],
    smtpPort: ports.smtp[name],
    metricsPort: ports.metrics[name],
  }));
  const clash = listeningClash(mtas);
  if (clash !== undefined) throw new UsageError(`--${clash.option}: ${clash.message}`);
}

/** Options that give MTAs a port each, with an example. */
const portOptions = { mapper: 'MTA-B=135', smtp: 'MTA-A=2525', metrics: 'MTA-A=9464' } as const;

/**
 * Reads the ports of endpoint mappers, SMTP listeners or metrics.
 * @param words such as `MTA-B=135`.
 * @throws UsageError naming a word that makes no sense.
 */
export function portsOf(option: keyof typeof portOptions, words: readonly string[]): PortsByMta {
  const ports: Record<string, number> = {};
  for (const word of words) {
    const [, name = '', port = ''] = /^([^=]*)=(\d{1,5})$/.exec(word) ?? [];
    if (port === '' || Number(port) > 65_535)
      throw new UsageError(
        `--${option} takes MTA=PORT with a port from 0 to 65535, such as ${portOptions[option]}, not "${excerpt(word)}"`,
      );
    requireMtaOfPair(`--${option}`, name);
    if (ports[name] !== undefined) throw new UsageError(`--${option}: ${name} has two ports`);
    ports[name] = Number(port);
  }
  return ports;
}

const needSeveralBindings: readonly (Quirk['showsAt'] | undefined)[] = [
  'two listeners',
  'a first binding that gets nowhere',
  'an adapter that fails',
];

/** Hints for --legacy: a line for each MTA whose articles need more than one binding. */
export function bindingHints(
  legacy: Readonly<Record<string, readonly string[]>>,
  bindings: Readonly<Record<string, readonly BindingOption[]>>,
): readonly string[] {
  return Object.entries(legacy).flatMap(([name, articles]) => {
    const waiting = articles.filter((article) => needSeveralBindings.includes(quirkOf(article)?.showsAt));
    if (waiting.length === 0 || (bindings[name]?.length ?? 1) > 1) return [];
    return [
      `note: ${waiting.join(' and ')} cannot show at ${name}, which has one binding; add more with --bindings ${name}=ADDRESS,ADDRESS`,
    ];
  });
}

/**
 * Reads the bindings of the MTAs.
 * @param words such as `MTA-B=127.0.0.1,127.0.0.2`.
 * @throws UsageError naming a word that makes no sense.
 */
export function bindingsOf(words: readonly string[]): Readonly<Record<string, readonly BindingOption[]>> {
  const found: Record<string, readonly BindingOption[]> = {};
  for (const word of words) {
    const [, name = '', list = ''] = /^([^=]*)=(.*)$/s.exec(word) ?? [];
    if (list === '') throw new UsageError(`--bindings takes ${form}, not "${excerpt(word)}"`);
    requireMtaOfPair('--bindings', name);
    if (found[name] !== undefined) throw new UsageError(`--bindings: ${name} occurs twice; give its addresses in one list`);
    const bindings = list.split(',').map((part) => bindingOf(part.trim()));
    requireDistinctBindings(name, bindings);
    found[name] = bindings;
  }
  return found;
}
