/** What a reproduction looks for, one sentence each, and whether it was seen. */

export type Observation = {
  /** What must be seen, in plain words. */
  readonly says: string;
  readonly ok: boolean;
  /** What was seen, in numbers. */
  readonly seen: string;
};

export class Observations {
  readonly list: Observation[] = [];

  note(says: string, ok: boolean, seen: string | number): void {
    this.list.push({ says, ok, seen: String(seen) });
  }

  get allSeen(): boolean {
    return this.list.every((observation) => observation.ok);
  }
}
