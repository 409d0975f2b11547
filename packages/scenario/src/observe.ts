/** Checks what a scenario expects of its stage, and says what was seen. */

import type { JoinedAssociation } from './associations.js';
import { openedIn, passedIn, recoveriesIn } from './case-counts.js';
import { counted } from './counted.js';
import type { Bound, Check, CheckKey } from './model.js';
import type { LoggedEvent, Stage } from './stage.js';

/** The result of one check: whether it holds, and what was seen. */
export type Seen = { readonly ok: boolean; readonly seen: string };

/** What the scenario remembers between its steps. */
export type RunState = {
  readonly faults: Map<string, { readonly hits: number }>;
  /** Deliveries at the last mark. */
  marked: number;
  /** Number of entries in each MTA's event log at the last mark. */
  readonly logged: Map<string, number>;
};

function within(value: number, bound: Bound): boolean {
  if (typeof bound === 'number') return value === bound;
  return value >= (bound.least ?? 0) && value <= (bound.most ?? Number.POSITIVE_INFINITY);
}

function believed(associations: readonly JoinedAssociation[]): string {
  if (associations.length === 0) return 'there is no association';
  return associations
    .map((each) =>
      each.sides.map(({ mta, holder }) => `${mta} believes the Turn is ${holder === mta ? 'its own' : `${holder}'s`}`).join(', '),
    )
    .join('; ');
}

function ofAssociations(list: readonly JoinedAssociation[], check: NonNullable<Check['associations']>): Seen {
  const { count, state, turn } = check;
  const sides = list.flatMap((each) => each.sides);
  const inState = state === undefined || (sides.length === 2 * list.length && sides.every((side) => side.state === state));
  const inTurn = turn === undefined || list.every((each) => each.turn === turn);
  const ok = list.length > 0 === (count !== 0) && within(list.length, count ?? { least: 1 }) && inState && inTurn;
  const wrong = inState ? '' : `; states: ${sides.map((side) => side.state).join(', ')}`;
  return { ok, seen: `${believed(list)}${wrong}` };
}

/** The event log of an MTA since the last mark. */
async function logged(stage: Stage, state: RunState, name: string): Promise<readonly LoggedEvent[]> {
  return (await stage.events(name)).slice(state.logged.get(name) ?? 0);
}

function fits(value: string | number | undefined, wanted: string | Bound): boolean {
  if (typeof wanted !== 'object') return value === wanted;
  return typeof value === 'number' && within(value, wanted);
}

function boundText(wanted: string | Bound): string {
  if (typeof wanted !== 'object') return `${wanted}`;
  const { least, most } = wanted;
  return most === undefined ? `${least ?? 0} or more` : `${least ?? 0} to ${most}`;
}

function ofEvents(entries: readonly LoggedEvent[], check: NonNullable<Check['events']>): Seen {
  const { at, id, count, params } = check;
  const wanted = Object.entries(params ?? {});
  const all = entries.filter((entry) => entry.id === id);
  const found = all.filter((entry) => wanted.every(([key, value]) => fits(entry.params[key], value)));
  const others = all.filter((entry) => !found.includes(entry));
  const values = ({ params: of }: LoggedEvent) => wanted.map(([key]) => `${key} ${of[key] ?? 'missing'}`).join(', ');
  const besides = [...new Set(others.map(values))].map(
    (each) => `; ${others.filter((one) => values(one) === each).length} with ${each}`,
  );
  const which = wanted.map(([key, value]) => `${key} ${boundText(value)}`).join(', ');
  const seen = `${at} logged ${id} ${counted(found.length, 'time')}${which === '' ? '' : ` with ${which}`}${besides.slice(0, 3).join('')}`;
  return { ok: within(found.length, count), seen };
}

/** Joins equal neighbours to one id with a count. */
function runsOf(entries: readonly LoggedEvent[]): readonly { readonly id: number; readonly count: number }[] {
  const runs: { id: number; count: number }[] = [];
  for (const { id } of entries) {
    const last = runs.at(-1);
    if (last?.id === id) last.count += 1;
    else runs.push({ id, count: 1 });
  }
  return runs;
}

function inOrder(entries: readonly LoggedEvent[], { at, ids }: NonNullable<Check['eventsInOrder']>): Seen {
  const runs = runsOf(entries.filter((entry) => ids.includes(entry.id)));
  const told = runs.slice(0, 20).map(({ id, count }) => (count === 1 ? `${id}` : `${id} (${count} times)`));
  const seen = `${at} logged ${told.length === 0 ? 'none of them' : told.join(', ')}${runs.length > 20 ? ' and more' : ''}`;
  return { ok: runs.map((run) => run.id).join() === ids.join(), seen };
}

type Look = {
  readonly [Key in CheckKey]-?: (stage: Stage, state: RunState, check: NonNullable<Check[Key]>) => Seen | Promise<Seen>;
};

const looks: Look = {
  fault: (_stage, state, { name, hits }) => {
    const found = state.faults.get(name);
    if (found === undefined) return { ok: false, seen: `the fault ${name} was not armed` };
    return { ok: within(found.hits, hits), seen: counted(found.hits, 'time') };
  },
  associations: async (stage, _memory, check) => ofAssociations(await stage.associations(), check),
  stuck: async (stage, _memory, bound) => {
    const count = (await stage.associations()).filter((each) => each.turn === 'nobody').length;
    return { ok: within(count, bound), seen: `${counted(count, 'association')} on which nobody has the Turn` };
  },
  recoveries: (stage, _memory, bound) => {
    const count = recoveriesIn(stage.pdus);
    return { ok: within(count, bound), seen: counted(count, 'recovery', 'recoveries') };
  },
  opened: (stage, _memory, bound) => {
    const count = openedIn(stage.pdus);
    return { ok: within(count, bound), seen: `${counted(count, 'association')} opened` };
  },
  delivered: async (stage, state, bound) => {
    const count = (await stage.delivered()) - state.marked;
    return { ok: within(count, bound), seen: `${count} delivered` };
  },
  queued: async (stage, _memory, bounds) => {
    const queued = await stage.queued();
    const ok = Object.entries(bounds).every(([name, bound]) => within(queued[name] ?? -1, bound));
    const seen = Object.keys(bounds).map((name) => `${name} has ${queued[name] ?? 'no'} queued`);
    return { ok, seen: seen.join(', ') };
  },
  reports: async (stage, _memory, bound) => {
    const count = await stage.reports();
    return { ok: within(count, bound), seen: counted(count, 'report') };
  },
  naks: (stage, _memory, bound) => {
    const count = passedIn(stage.pdus, 'bind_nak');
    return { ok: within(count, bound), seen: `${count} bind_nak` };
  },
  passed: (stage, _memory, { kind, from, count: bound }) => {
    const count = passedIn(stage.pdus, kind, from);
    return { ok: within(count, bound), seen: `${count} ${kind}${from === undefined ? '' : ` from ${from}`}` };
  },
  events: async (stage, state, check) => ofEvents(await logged(stage, state, check.at), check),
  eventsInOrder: async (stage, state, check) => inOrder(await logged(stage, state, check.at), check),
  exit: async (stage, _memory, { at, code }) => {
    const exit = await stage.exit(at);
    const ok = exit !== null && exit.code !== null && within(exit.code, code);
    return { ok, seen: `${at} ${exit === null ? 'has not ended' : exit.words}` };
  },
  up: async (stage, _memory, wanted) => {
    const found = await Promise.all(Object.keys(wanted).map(async (name) => [name, await stage.up(name)] as const));
    return {
      ok: found.every(([name, up]) => up === wanted[name]),
      seen: found.map(([name, up]) => `${name} ${up ? 'runs' : 'does not run'}`).join(', '),
    };
  },
};

/** Makes every check given. The words cover all of them. */
export async function look(stage: Stage, state: RunState, check: Check): Promise<Seen> {
  const seen: Seen[] = [];
  for (const key of Object.keys(check) as CheckKey[]) {
    const expected = check[key];
    if (expected === undefined) continue;
    const see = looks[key] as (stage: Stage, state: RunState, check: unknown) => Seen | Promise<Seen>;
    seen.push(await see(stage, state, expected));
  }
  return { ok: seen.every((each) => each.ok), seen: seen.map((each) => each.seen).join('; ') };
}
