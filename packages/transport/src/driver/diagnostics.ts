/** The diagnostics levels of one MTA while it runs: the one place that decides what is logged, and how much. */
import {
  type DiagnosticsLevel,
  type DiagnosticsLevels,
  type EventCategory,
  isShown,
  levelsOf,
  type ReportedEvent,
} from '@mtalab/mta-core';

/** What of the APDUs is logged: decoded at Maximum of Interoperability, in hex at Maximum of APDU. */
export type ApduForms = { readonly decoded: boolean; readonly hex: boolean };

export class Diagnostics {
  /** Called when the levels have changed. */
  onChange: (() => void) | null = null;
  #levels: DiagnosticsLevels;

  /** @param levels at the start. Default: None of every category. */
  constructor(levels: DiagnosticsLevels = levelsOf()) {
    this.#levels = levels;
  }

  get levels(): DiagnosticsLevels {
    return this.#levels;
  }

  /** Set the level of one category, or of all of them (null). */
  set(category: EventCategory | null, level: DiagnosticsLevel): void {
    this.#levels = category === null ? levelsOf(level) : { ...this.#levels, [category]: level };
    this.onChange?.();
  }

  /** Is this event logged: on the console, in the files, and in the control channel's stream? */
  shows(event: ReportedEvent): boolean {
    return isShown(event.id, this.#levels);
  }

  /** Null when nothing of APDUs is logged. */
  get apdus(): ApduForms | null {
    const decoded = this.#levels.Interoperability === 'maximum';
    const hex = this.#levels.APDU === 'maximum';
    return decoded || hex ? { decoded, hex } : null;
  }
}
