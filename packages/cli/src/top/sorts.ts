/** The orders in which `mtalab top` shows MTAs. */
export const topSorts = ['name', 'queue', 'oldest', 'rate'] as const;
export type TopSort = (typeof topSorts)[number];
