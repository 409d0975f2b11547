/** The conventions of docs/json.md, as a check of any JSON output or result of the library. */

/** Names of MTAs in tests. */
const mtaName = /^MTA-[A-Z]$/;
/** Keys under which the name of an MTA may stand. A queue has the name of its MTA, or `mailboxes`. */
const mtaKeys = new Set(['mta', 'peer', 'holder', 'destination', 'between', 'unanswered', 'queue']);
/** Keys of Exchange, and texts that are keys: event parameters, states, categories, faults. */
const foreign = new Set(['performance', 'levels', 'parameters', 'settings', 'faults', 'properties']);
/** Traces have the form of the journal: nodes, and milliseconds of a clock. */
const traces = new Set(['ladder', 'counterexample', 'options', 'bounds']);

const instantKey = /(?:At|^now|^time)$/;
const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const durationKey = /(?:delay|timeout|took|interval|limit|lifetime|age)$/i;
/** Milliseconds since 1970, from 1973 on. */
const leastInstantMs = 1e11;

/** The breaches, each with its place. Empty if there is none. */
export function namingBreaches(value: unknown, place = '$', key = '', isForeign = false): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((each, at) => namingBreaches(each, `${place}[${at}]`, key, isForeign));
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([name, each]: [string, unknown]) => {
      const here = `${place}.${name}`;
      if (traces.has(name)) return [];
      return [...breachesOfKey(name, each, here, foreign.has(key)), ...namingBreaches(each, here, name, foreign.has(key))];
    });
  }
  return breachesOfValue(value, place, key, isForeign);
}

function breachesOfKey(name: string, value: unknown, place: string, isForeign: boolean): readonly string[] {
  if (mtaName.test(name)) return [`${place}: a map by MTA; use an array of objects with \`mta\``];
  if (isForeign) return [];
  const breaches: string[] = [];
  if (!/^[a-z][A-Za-z0-9]*$/.test(name)) breaches.push(`${place}: the key is not in camel case`);
  if (name === 'node') breaches.push(`${place}: an MTA is called \`mta\``);
  if (typeof value === 'number' && durationKey.test(name)) breaches.push(`${place}: a duration has its unit in the name`);
  if (instantKey.test(name) && value !== null && !(typeof value === 'string' && iso.test(value)))
    breaches.push(`${place}: an instant is a text in ISO 8601`);
  return breaches;
}

function breachesOfValue(value: unknown, place: string, key: string, isForeign: boolean): readonly string[] {
  if (typeof value === 'number')
    return value >= leastInstantMs && !/Bytes$/.test(key) ? [`${place}: ${value} is an instant as a number`] : [];
  if (typeof value !== 'string') return [];
  if (iso.test(value) && !instantKey.test(key) && !/^[A-Z]/.test(key)) return [`${place}: the name of an instant ends in \`At\``];
  return mtaName.test(value) && !mtaKeys.has(key) && !isForeign ? [`${place}: the name of an MTA stands under \`mta\``] : [];
}
