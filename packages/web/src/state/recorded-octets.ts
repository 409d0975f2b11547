/** The octets that a recording has of its first PDUs. They are unpacked when someone looks at the first one. */
import type { LinkFrame } from '@mtalab/mta-core';
import type { PageOctets, PairedItem } from '@mtalab/trace';

async function unpacked(packed: string): Promise<readonly (PageOctets | null)[]> {
  const bytes = Uint8Array.from(atob(packed.trim()), (sign) => sign.charCodeAt(0));
  const text = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return (await new Response(text).json()) as readonly (PageOctets | null)[];
}

export class RecordedOctets {
  /** Its place among the frames of the recording. */
  readonly #places = new WeakMap<object, number>();
  readonly #packed: string;
  #octets: Promise<readonly (PageOctets | null)[]> | null = null;

  /** @param packed as the server has packed them, for these items. */
  constructor(packed: string, items: readonly PairedItem[]) {
    this.#packed = packed;
    let place = 0;
    for (const item of items) {
      if (item.k !== 'step') continue;
      for (const effect of item.entry.effects) {
        if (effect.type !== 'frame') continue;
        this.#places.set(effect, place);
        place += 1;
      }
    }
  }

  /** @returns null if the frame alone does not say its octets. @throws Error that says why there are none. */
  async of(frame: LinkFrame): Promise<PageOctets | null> {
    this.#octets ??= unpacked(this.#packed);
    const octets = await this.#octets;
    const place = this.#places.get(frame);
    if (place === undefined) throw new Error('the recording has no octets of this PDU');
    if (place >= octets.length) throw new Error(`the recording has the octets of its first ${octets.length} PDUs`);
    return octets[place] ?? null;
  }
}
