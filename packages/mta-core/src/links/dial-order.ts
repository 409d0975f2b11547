/**
 * The order in which an attempt to open or recover an association dials its paths. It has a time limit, and the limit may end it before
 * it has come to the path that works. So the next attempt goes on there, instead of dialling the same dead paths again.
 */
import type { Context } from '../machine/context.js';
import { entryAt, patchEntry } from '../machine/update.js';
import { type DialPath, dialPaths } from './local-bindings.js';

/** To an MTA that this side calls, or back to one that has called it. */
export type DialWay = 'out' | 'back';

/** No attempt has been ended by its time limit. */
export const inOrder = { out: null, back: null } as const;

function same(one: DialPath, other: DialPath): boolean {
  return one.endpoint === other.endpoint && one.from === other.from;
}

/** All paths to these string bindings for the next attempt, each once. */
export function orderedPaths(ctx: Context, entryId: number, way: DialWay, endpoints: readonly string[]): readonly DialPath[] {
  const all = dialPaths(ctx.mta, endpoints);
  const first = entryAt(ctx, entryId).dialFirst[way];
  const at = first === null ? -1 : all.findIndex((path) => same(path, first));
  return at <= 0 ? all : [...all.slice(at), ...all.slice(0, at)];
}

/**
 * An attempt ends while a path is under way. Later attempts begin with that path. If this one did so as well, they begin with the path
 * behind it: one that takes as long as a whole attempt must not hide the others.
 * @param left the paths that the attempt has not tried.
 */
export function endedEarly(ctx: Context, entryId: number, way: DialWay, underWay: DialPath, left: readonly DialPath[]): void {
  const { dialFirst } = entryAt(ctx, entryId);
  const first = dialFirst[way];
  const next = first !== null && same(first, underWay) ? (left[0] ?? underWay) : underWay;
  patchEntry(ctx, entryId, { dialFirst: { ...dialFirst, [way]: next } });
}
