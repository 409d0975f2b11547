/** Compares the effects of two steps by their JSON. */

/** The value as it comes back from a file, without what JSON drops. */
export function asJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

/**
 * Path of the first difference of two JSON values, such as `.pdu.body.apdu.kind`; null if they are equal. The order of keys
 * does not count.
 */
export function firstDifference(one: unknown, other: unknown, path = ''): string | null {
  if (Object.is(one, other)) return null;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return path;
  if (Array.isArray(one) !== Array.isArray(other)) return path;
  const left = one as Readonly<Record<string, unknown>>;
  const right = other as Readonly<Record<string, unknown>>;
  const keys = Object.keys(left);
  for (const key of keys) {
    const here = Array.isArray(one) ? `${path}[${key}]` : `${path}.${key}`;
    if (!Object.hasOwn(right, key)) return here;
    const found = firstDifference(left[key], right[key], here);
    if (found !== null) return found;
  }
  const extra = Object.keys(right).find((key) => !Object.hasOwn(left, key));
  if (extra === undefined) return null;
  return Array.isArray(one) ? `${path}[${extra}]` : `${path}.${extra}`;
}
