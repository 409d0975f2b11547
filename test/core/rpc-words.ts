/** Parses the command words of the RPC interaction files, including those for the services of the runtime itself. */
import {
  managementInterface,
  mapperInterface,
  mtaInterface,
  ndrSyntax,
  nilHandle,
  type ServiceArgument,
  type ServiceOperation,
  type ServiceResult,
  type Syntax,
  serviceOpnumOf,
} from '@mtalab/mta-core';

/** Names of interfaces in commands. */
export const interfaces: Readonly<Record<string, Syntax>> = {
  mta: mtaInterface,
  management: managementInterface,
  mapper: mapperInterface,
  v3: { ...mtaInterface, version: 3 },
  minor: { ...mtaInterface, version: 2 + 0x10000 },
  v1: { ...mtaInterface, version: 1 },
  other: { ...mtaInterface, uuid: 'other' },
};

/** `name=value` words and bare words of a command. */
export class Words {
  readonly bare: string[] = [];
  readonly #named = new Map<string, string>();

  constructor(text: string) {
    for (const word of text.split(/\s+/).filter((part) => part !== '')) {
      // A string binding may contain `=` too.
      const at = word.includes('[') ? -1 : word.indexOf('=');
      if (at > 0) this.#named.set(word.slice(0, at), word.slice(at + 1));
      else this.bare.push(word);
    }
  }

  text(name: string): string | undefined {
    return this.#named.get(name);
  }

  number(name: string, missing: number): number {
    const value = this.#named.get(name);
    return value === undefined ? missing : Number(value);
  }

  names(): Iterable<string> {
    return this.#named.keys();
  }

  has(word: string): boolean {
    return this.bare.includes(word);
  }
}

/** `ept_map` and similar requests, with the differences from the simplest one: `interface=v3 handle=UUID most=1 inquiry=1 versions=2`. */
export function serviceArgument(op: ServiceOperation, words: Words): ServiceArgument {
  const uuid = words.text('handle');
  const handle = uuid === undefined ? nilHandle : { attributes: words.number('attributes', 0), uuid };
  const [most, object] = [words.number('most', 10), words.text('object') ?? null];
  const abstract = interfaces[words.text('interface') ?? ''] ?? null;
  switch (op) {
    case 'ept_lookup': {
      const [inquiry, versions] = [words.number('inquiry', 0), words.number('versions', 1)];
      return { op, inquiry, object, abstract, versions, handle, most };
    }
    case 'ept_map': {
      const tower = { abstract: abstract ?? mtaInterface, transfer: ndrSyntax, port: 0, address: '0.0.0.0' };
      const named = words.text('tower');
      return { op, object, tower: named === 'none' || named === 'other' ? named : tower, handle, most };
    }
    case 'ept_lookup_handle_free':
      return { op, handle };
    case 'inq_stats':
      return { op, most };
    case 'inq_princ_name':
      return { op, service: words.number('service', 10), size: words.number('size', 64) };
    default:
      return { op };
  }
}

/** `ports=4001,4002 address=127.0.0.2 status=16c9a0d6`: the answer of a mapper. */
export function serviceResult(op: ServiceOperation, words: Words): ServiceResult {
  const status = Number.parseInt(words.text('status') ?? '0', 16);
  if (op === 'stop_server_listening') return { op, status };
  if (op !== 'ept_map') throw new Error(`no stranger answers ${op}`);
  const ports = (words.text('ports') ?? '').split(',').filter((part) => part !== '');
  const addresses = (words.text('addresses') ?? '').split(',');
  const towers = ports.map((port, at) => {
    const address = addresses[at] || '0.0.0.0';
    return { abstract: mtaInterface, transfer: ndrSyntax, port: Number(port), address };
  });
  return { op, handle: nilHandle, most: 16, towers, status };
}

/** The service operation of a word. */
export function serviceOf(word: string | undefined): ServiceOperation | undefined {
  return word !== undefined && word in serviceOpnumOf ? (word as ServiceOperation) : undefined;
}
