/** The messages of a load: contents that all differ, sizes and priorities by a seed. The same seed always gives the same messages. */
import { createHash } from 'node:crypto';
import { type Priority, priorities } from '@mtalab/mta-core';
import { type Chance, chance } from '@mtalab/scenario';
import { generateMail } from '../mail/generate.js';
import { octetsOf, readMail } from '../mail/read.js';
import { HarnessError } from '../process/errors.js';

/** Sizes of generated contents, in octets: each as likely, from the first to the last. */
export type SizeRange = {
  /** The smallest. */
  readonly least: number;
  /** The largest. */
  readonly most: number;
};

/** How often each priority comes, relative to the others. */
export type PriorityWeights = Readonly<Partial<Record<Priority, number>>>;

/** A message to submit, without its envelope. */
export type LoadContent = { readonly octets: Uint8Array; readonly sha256: Uint8Array; readonly priority: Priority };

/** Real mail that a load may hold in memory, octets. */
const maxMailBytes = 256 * 1_048_576;
/** Text from which generated contents are cut. Cutting costs much less than making it anew for each message. */
const poolBytes = 1_048_576;
const crlf = '\r\n';

export function sha256Of(octets: Uint8Array): Uint8Array {
  return createHash('sha256').update(octets).digest();
}

/** The header of generated message `number`. It makes each content differ from all others. */
function header(number: number, seed: number): string {
  return [
    'From: load@load.example',
    'To: load@load.example',
    `Subject: Message ${number}`,
    'Date: Mon, 04 Jan 1999 09:00:00 +0000',
    `Message-ID: <${seed}.${number}@load.example>`,
    crlf,
  ].join(crlf);
}

/** The smallest size that a generated message with this number can have, octets. */
export function smallestContent(number: number, seed: number): number {
  return header(number, seed).length;
}

/** Chooses priorities by weight. */
function priorityChooser(weights: PriorityWeights): (chance: Chance) => Priority {
  const chosen = priorities.filter((priority) => (weights[priority] ?? 0) > 0);
  const [only, ...others] = chosen;
  if (only === undefined) return () => 'normal';
  if (others.length === 0) return () => only;
  const sum = chosen.reduce((all, priority) => all + (weights[priority] ?? 0), 0);
  return (draw) => {
    let at = draw.below(sum);
    for (const priority of chosen) {
      at -= weights[priority] ?? 0;
      if (at < 0) return priority;
    }
    return only;
  };
}

/** Makes the messages of a load one by one. Message `number` is the same in every run with this seed. */
export class LoadMessages {
  readonly #seed: number;
  readonly #chance: Chance;
  readonly #size: SizeRange;
  readonly #priority: (chance: Chance) => Priority;
  readonly #pool: Uint8Array;
  readonly #mail: readonly Omit<LoadContent, 'priority'>[];
  #made = 0;

  private constructor(seed: number, size: SizeRange, weights: PriorityWeights, mail: readonly Omit<LoadContent, 'priority'>[]) {
    this.#seed = seed;
    this.#chance = chance(seed);
    this.#size = size;
    this.#priority = priorityChooser(weights);
    this.#mail = mail;
    const [pool] = mail.length === 0 ? generateMail(1, Math.max(poolBytes, size.most), seed) : [];
    this.#pool = pool?.content instanceof Uint8Array ? pool.content : new Uint8Array();
  }

  /**
   * @param folder a folder of real mail, whose messages come in turn; undefined for generated mail.
   * @throws HarnessError if the folder has no readable mail, or more than fits in memory.
   */
  static async of(seed: number, size: SizeRange, weights: PriorityWeights, folder: string | undefined): Promise<LoadMessages> {
    const mail: Omit<LoadContent, 'priority'>[] = [];
    let bytes = 0;
    for await (const item of folder === undefined ? [] : readMail([folder])) {
      bytes += item.sizeBytes;
      if (bytes > maxMailBytes)
        throw new HarnessError(
          `${folder} has more than ${maxMailBytes} octets of mail; a load holds it in memory, so give it less`,
        );
      const octets = await octetsOf(item.content);
      mail.push({ octets, sha256: sha256Of(octets) });
    }
    return new LoadMessages(seed, size, weights, mail);
  }

  /** The next message. */
  next(): LoadContent {
    this.#made += 1;
    const priority = this.#priority(this.#chance);
    const real = this.#mail[(this.#made - 1) % this.#mail.length];
    if (real !== undefined) return { ...real, priority };
    const octets = this.#generated(this.#made);
    return { octets, sha256: sha256Of(octets), priority };
  }

  #generated(number: number): Uint8Array {
    const head = header(number, this.#seed);
    const { least, most } = this.#size;
    const wanted = most > least ? least + this.#chance.below(most - least + 1) : least;
    const sizeBytes = Math.max(head.length, wanted);
    const octets = Buffer.allocUnsafe(sizeBytes);
    const headBytes = octets.write(head, 0, 'latin1');
    const bodyBytes = sizeBytes - headBytes;
    const room = this.#pool.length - bodyBytes;
    octets.set(
      this.#pool.subarray(room === 0 ? 0 : this.#chance.below(room), this.#pool.length).subarray(0, bodyBytes),
      headBytes,
    );
    return octets;
  }
}
