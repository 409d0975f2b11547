/** Maps the texts in states to small numbers: equal texts get equal numbers. The numbers mean nothing else. */
export class TextNumbers {
  readonly mtas: readonly string[];
  readonly #numbers = new Map<string, number>();
  readonly #messages = new Map<string, number>();
  readonly #stores: ReadonlyMap<string, number>;

  /** @param mtas their names, in the order of their numbers. @param stores the ids of their stores. */
  constructor(mtas: readonly string[], stores: readonly string[]) {
    this.mtas = mtas;
    this.#stores = new Map(stores.map((uuid, index) => [uuid, index]));
  }

  of(text: string): number {
    return numberIn(this.#numbers, text);
  }

  mta(name: string): number {
    return this.mtas.indexOf(name);
  }

  store(uuid: string): number {
    return this.#stores.get(uuid) ?? -1;
  }

  /** Number of a message, by MTS identifier. */
  message(mtsId: string): number {
    return numberIn(this.#messages, mtsId);
  }
}

function numberIn(map: Map<string, number>, text: string): number {
  const known = map.get(text);
  if (known !== undefined) return known;
  map.set(text, map.size);
  return map.size - 1;
}
