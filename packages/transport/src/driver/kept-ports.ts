/** Keeps the ports that the system chose at the first start in a file, so that peers find the MTA again. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { addressesMeet, type BindingConfig } from '@mtalab/mta-core';
import { listenerOf } from './listener-kinds.js';

/** An address and a port that the configuration names. */
export type FixedPort = { readonly address: string; readonly port: number };

/** Listeners beside those of the bindings. */
const services = ['control', 'smtp'] as const;
export type Service = (typeof services)[number];

type PortsFile = { readonly listen: Record<string, number> } & { readonly [Name in Service]?: number };

const isPort = (value: unknown): value is number => Number.isInteger(value) && (value as number) > 0 && (value as number) < 65536;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function read(path: string): PortsFile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { listen: {} };
    throw unreadable(path, error);
  }
  try {
    const file = JSON.parse(text) as unknown;
    if (!isObject(file)) throw new Error('it holds no JSON object');
    const { listen = {} } = file;
    if (!isObject(listen)) throw new Error('"listen" is no JSON object');
    const ports = Object.entries(listen);
    const others = services.flatMap((name) => (file[name] === undefined ? [] : [[name, file[name]] as const]));
    if (![...ports, ...others].every(([, port]) => isPort(port))) throw new Error('a port is no port number');
    return { listen: Object.fromEntries(ports) as Record<string, number>, ...Object.fromEntries(others) };
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, cause: unknown): Error {
  return new Error(`${path} cannot be read (${(cause as Error).message}): remove it, and fresh ports will be chosen`, { cause });
}

export class KeptPorts {
  readonly #path: string;
  readonly #bindings: readonly BindingConfig[];
  readonly #fixed: readonly FixedPort[];
  #kept: PortsFile;

  /**
   * @param path of the file, which need not exist.
   * @param fixed ports that the configuration names: a port kept from an earlier start gives way to them.
   * @throws Error when the file is damaged.
   */
  constructor(path: string, bindings: readonly BindingConfig[], fixed: readonly FixedPort[]) {
    this.#path = path;
    this.#bindings = bindings;
    this.#fixed = fixed;
    this.#kept = read(path);
  }

  /** The port to listen on for a binding configured with port 0; 0 when none is kept. */
  forBinding(binding: number): number {
    return this.#unlessFixed(this.#addressOf(binding), this.#kept.listen[this.#keyOf(binding)] ?? 0);
  }

  /** The port to listen on for a service at this address; 0 when none is kept. */
  forService(service: Service, address: string): number {
    return this.#unlessFixed(address, this.#kept[service] ?? 0);
  }

  /** @throws Error when the file cannot be written. */
  keepBinding(binding: number, port: number): void {
    if (this.forBinding(binding) === port) return;
    this.#kept = { ...this.#kept, listen: { ...this.#kept.listen, [this.#keyOf(binding)]: port } };
    this.#write();
  }

  keepService(service: Service, port: number): void {
    if (this.#kept[service] === port) return;
    this.#kept = { ...this.#kept, [service]: port };
    this.#write();
  }

  /** By address: the order of the bindings may change, and no address must take over the port of another. */
  #keyOf(binding: number): string {
    const { kind } = listenerOf(binding);
    return `${kind === 'lan' ? '' : `${kind} `}${this.#addressOf(binding)}`;
  }

  #addressOf(binding: number): string {
    return this.#bindings[listenerOf(binding).binding]?.address ?? '';
  }

  /** The port, or 0 if the configuration gives it away at this address. */
  #unlessFixed(address: string, port: number): number {
    return this.#fixed.some((fixed) => fixed.port === port && addressesMeet(fixed.address, address)) ? 0 : port;
  }

  #write(): void {
    const fresh = `${this.#path}.new`;
    writeFileSync(fresh, `${JSON.stringify(this.#kept, null, 2)}\n`);
    renameSync(fresh, this.#path);
  }
}
