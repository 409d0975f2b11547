/** The listeners of an MTA: one on the address of each binding for other servers, and beside it those of other kinds. */
import { firstX400Binding, type MtaConfig, mapperIds } from '@mtalab/mta-core';

export type ListenerKind = 'lan' | 'mapper' | 'x400';

/** The listener that has this id in the core, and the place of its binding in the configuration. */
export function listenerOf(id: number): { readonly kind: ListenerKind; readonly binding: number } {
  if (id >= firstX400Binding) return { kind: 'x400', binding: id - firstX400Binding };
  return id < mapperIds ? { kind: 'lan', binding: id } : { kind: 'mapper', binding: id - mapperIds };
}

export type ListeningPorts = Pick<MtaConfig, 'bindings' | 'mapperPort' | 'x400Port'>;

/** The address and the port that the configuration names for a listener; undefined if there is none. */
export function configuredPlace(
  { bindings, mapperPort, x400Port }: ListeningPorts,
  id: number,
): { readonly address: string; readonly port: number } | undefined {
  const { kind, binding: at } = listenerOf(id);
  const binding = bindings[at];
  if (binding === undefined) return undefined;
  const { address } = binding;
  if (kind === 'lan') return { address, port: binding.port };
  return { address, port: (kind === 'mapper' ? mapperPort : x400Port) ?? 0 };
}
