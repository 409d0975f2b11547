/** The fields of encoded octets: what each is called, what it says, and where it stands. For people who look at a PDU. */

/** A field. Its octets may stand in several stretches, because headers of fragments come between. */
export type OctetField = {
  readonly name: string;
  readonly value: string;
  /** First octet and number of octets, of each stretch. */
  readonly ranges: readonly (readonly [at: number, length: number])[];
};

/** Longest value that is shown, in characters. */
const maxValueLength = 120;

/** Octets in hexadecimal, the first of them if there are many. */
export function hexText(octets: Uint8Array): string {
  const shown = [...octets.subarray(0, 24)].map((octet) => octet.toString(16).padStart(2, '0')).join('');
  return octets.length > 24 ? `${shown}... (${octets.length} octets)` : shown;
}

/** Collects fields of octets that stand at these places of the whole. */
export class FieldList {
  readonly fields: OctetField[] = [];
  #places: Int32Array | null = null;

  /** From now on octet n of what is read stands at `places[n]` of the whole; null: at n. */
  readAt(places: Int32Array | null): void {
    this.#places = places;
  }

  add(name: string, value: string | number, at: number, length: number): void {
    const text = String(value);
    const shown = text.length > maxValueLength ? `${text.slice(0, maxValueLength - 3)}...` : text;
    if (length > 0) this.fields.push({ name, value: shown, ranges: this.#ranges(at, length) });
  }

  #ranges(at: number, length: number): OctetField['ranges'] {
    const places = this.#places;
    if (places === null) return [[at, length]];
    const found: [number, number][] = [];
    for (let index = at; index < at + length; index += 1) {
      const place = places[index] as number;
      const last = found.at(-1);
      if (last !== undefined && last[0] + last[1] === place) last[1] += 1;
      else found.push([place, 1]);
    }
    return found;
  }
}
