/** The entries of the event logs in the steps that are kept, newest first. */
import { describeEvent, diagnosticsLevels, type EventId, type EventText, eventsById, type ReportedEvent } from '@mtalab/mta-core';
import type { KeptStep } from '@mtalab/trace';

export type EventRow = EventText & {
  readonly at: number;
  readonly tMs: number;
  readonly node: string;
  readonly about: string;
};

/** Rows shown at one time. */
const maxRows = 300;

function reportsIn({ entry }: KeptStep): readonly ReportedEvent[] {
  return entry.effects.flatMap((effect) => (effect.type === 'report' ? [effect.event] : []));
}

/**
 * @param at leaves out what came after this item.
 * @param all also events that are logged at a higher diagnostics level only.
 */
export function eventRows(steps: readonly KeptStep[], at: number, matches: string, all: boolean): readonly EventRow[] {
  const rows: EventRow[] = [];
  const wanted = matches.trim().toLowerCase();
  for (let index = steps.length - 1; index >= 0 && rows.length < maxRows; index -= 1) {
    const step = steps[index] as KeptStep;
    if (step.at > at) continue;
    for (const event of [...reportsIn(step)].reverse()) {
      if (!all && eventsById[event.id].level > diagnosticsLevels.none) continue;
      const text = describeEvent(event, step.mta.version);
      const row = { ...text, at: step.at, tMs: step.entry.t, node: step.entry.node, about: aboutOf(event.id) };
      if (wanted === '' || `${row.id} ${row.node} ${row.type} ${row.category} ${row.text}`.toLowerCase().includes(wanted))
        rows.push(row);
    }
  }
  return rows;
}

function aboutOf(id: EventId): string {
  return eventsById[id]?.explanation ?? '';
}
