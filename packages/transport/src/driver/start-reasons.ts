/** Why the start of an MTA failed, in words. */
import { describeEvent, type MtaConfig, nameOfBinding, type ReportedEvent } from '@mtalab/mta-core';
import type { Ended } from './driver-options.js';
import { configuredPlace, listenerOf } from './listener-kinds.js';

/** Events remembered for the message of a start that fails. */
const maxReasons = 5;

/** What an operating system error at listening means, and what to do. */
export function listenAdvice(osError: string): string {
  switch (osError) {
    case 'EADDRINUSE':
      return 'is in use by another program; choose another port, or 0 for a free one';
    case 'EADDRNOTAVAIL':
      return 'is on no address of this machine; choose another address';
    case 'EACCES':
      return 'may not be listened on by this user; choose a port of 1024 or above';
    default:
      return 'cannot be listened on';
  }
}

/** Words of the latest events, for the case that the start fails. */
export class StartReasons {
  readonly #version: string;
  readonly #texts: string[] = [];
  readonly #places: string[] = [];
  readonly #mappers: string[] = [];
  readonly #connectors: string[] = [];

  /** @param version the version of Exchange, whose form the entries have. */
  constructor(version: string) {
    this.#version = version;
  }

  /** A listener has failed. @returns what that means, in words. */
  noteListen(config: MtaConfig, id: number, osError: string): string {
    const { kind, binding } = listenerOf(id);
    const { address, port } = configuredPlace(config, id) ?? { address: '', port: 0 };
    const place = `${address}${port === 0 ? '' : `[${port}]`} ${listenAdvice(osError)}`;
    const configured = config.bindings[binding];
    const name = configured === undefined ? address : nameOfBinding(configured);
    const [list, text] = {
      lan: [this.#places, `${name} ${listenAdvice(osError)} (bindings, ${osError})`] as const,
      mapper: [this.#mappers, `the endpoint mapper's ${place} (endpointMapper.port, ${osError})`] as const,
      x400: [this.#connectors, `the X.400 connector's ${place} (x400.port, ${osError})`] as const,
    }[kind];
    list.push(text);
    return text;
  }

  note(event: ReportedEvent): void {
    const { id, type, text } = describeEvent(event, this.#version);
    if (type === 'Information') return;
    this.#texts.push(`event ${id}: ${text}`);
    if (this.#texts.length > maxReasons) this.#texts.shift();
  }

  /** @param enabled how many bindings were to be listened on. */
  errorOf(name: string, ended: Ended, enabled: number): Error {
    if (ended.error !== undefined) return ended.error;
    if (this.#connectors.length === enabled) return new Error([...this.#places, ...this.#connectors].join('. '));
    if (this.#mappers.length > 0) return new Error([...this.#places, ...this.#mappers].join('. '));
    const places = this.#places.join('. ');
    if (this.#places.length > 0 && this.#places.length < enabled) {
      const why = 'and by its release, or as a cluster, this MTA does not start without it; disabling the binding lets it start';
      return new Error(`${places}, ${why}`);
    }
    if (this.#places.length > 0) return new Error(`there is no address to listen on: ${places}`);
    const reasons = this.#texts.length === 0 ? 'it gave no reason' : this.#texts.join(' ');
    return new Error(`MTA ${name} ended with code ${ended.code} before it was running: ${reasons}`);
  }
}
