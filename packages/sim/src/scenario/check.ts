/** Looking at a stage, and saying what is seen. */
import { counted } from '../words.js';
import type { JoinedAssociation } from './associations.js';
import type { LinkPdu } from './faults/link.js';
import type { Bound, Check, CheckKey } from './model.js';
import type { Stage } from './stage.js';

/** One thing looked at: does it hold, and what was seen. */
export type Seen = { readonly ok: boolean; readonly seen: string };

/** What the scenario remembers between its steps. */
export type Memory = {
  readonly faults: Map<string, { readonly hits: number }>;
  /** Deliveries at the last mark. */
  marked: number;
};

function within(value: number, bound: Bound): boolean {
  if (typeof bound === 'number') return value === bound;
  return value >= (bound.least ?? 0) && value <= (bound.most ?? Number.POSITIVE_INFINITY);
}

/** Recoveries that were asked for, as the link saw them pass. */
function recoveriesIn(pdus: readonly LinkPdu[]): number {
  return pdus.filter(({ pdu, fate }) => {
    return fate === 'passed' && pdu.type === 'request' && pdu.body.op === 'MtaBind' && pdu.body.rtorq.recovery > 0;
  }).length;
}

/** Associations are counted by the first connection of each: the one that carried a fresh MtaBind. */
function openedIn(pdus: readonly LinkPdu[]): number {
  const first = new Set<number>();
  for (const { pdu, conn, fate } of pdus) {
    if (fate === 'passed' && pdu.type === 'request' && pdu.body.op === 'MtaBind' && pdu.body.rtorq.recovery === 0)
      first.add(conn);
  }
  return first.size;
}

function believed(associations: readonly JoinedAssociation[]): string {
  if (associations.length === 0) return 'there is no association';
  return associations
    .map((each) =>
      Object.entries(each.holder)
        .map(([side, holder]) => `${side} believes the Turn is ${holder === side ? 'its own' : `${holder}'s`}`)
        .join(', '),
    )
    .join('; ');
}

function ofAssociations(list: readonly JoinedAssociation[], check: NonNullable<Check['associations']>): Seen {
  const { count, state, turn } = check;
  const sides = list.flatMap((each) => Object.values(each.sides));
  const inState = state === undefined || (sides.length === 2 * list.length && sides.every((side) => side.state === state));
  const inTurn = turn === undefined || list.every((each) => each.turn === turn);
  const ok = list.length > 0 === (count !== 0) && within(list.length, count ?? { least: 1 }) && inState && inTurn;
  const wrong = inState ? '' : `; states: ${sides.map((side) => side.state).join(', ')}`;
  return { ok, seen: `${believed(list)}${wrong}` };
}

type Look = {
  readonly [Key in CheckKey]-?: (stage: Stage, memory: Memory, check: NonNullable<Check[Key]>) => Seen | Promise<Seen>;
};

const looks: Look = {
  fault: (_stage, memory, { name, hits }) => {
    const found = memory.faults.get(name);
    if (found === undefined) return { ok: false, seen: `the fault ${name} was not armed` };
    return { ok: within(found.hits, hits), seen: `${found.hits} time(s)` };
  },
  associations: async (stage, _memory, check) => ofAssociations(await stage.associations(), check),
  stuck: async (stage, _memory, bound) => {
    const count = (await stage.associations()).filter((each) => each.turn === 'nobody').length;
    return { ok: within(count, bound), seen: `${count} such association(s)` };
  },
  recoveries: (stage, _memory, bound) => {
    const count = recoveriesIn(stage.pdus);
    return { ok: within(count, bound), seen: counted(count, 'recovery', 'recoveries') };
  },
  opened: (stage, _memory, bound) => {
    const count = openedIn(stage.pdus);
    return { ok: within(count, bound), seen: counted(count, 'first connection') };
  },
  delivered: async (stage, memory, bound) => {
    const count = (await stage.delivered()) - memory.marked;
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
};

/** All that is to be looked at. Told is the first, and what does not hold. */
export async function look(stage: Stage, memory: Memory, check: Check): Promise<Seen> {
  const seen: Seen[] = [];
  for (const key of Object.keys(check) as CheckKey[]) {
    const expected = check[key];
    if (expected === undefined) continue;
    const see = looks[key] as (stage: Stage, memory: Memory, check: unknown) => Seen | Promise<Seen>;
    seen.push(await see(stage, memory, expected));
  }
  const told = seen.filter((each, at) => at === 0 || !each.ok).map((each) => each.seen);
  return { ok: seen.every((each) => each.ok), seen: told.join('; ') };
}
