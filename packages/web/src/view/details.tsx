/** What one line of the ladder is: a sentence, its fields, the glossary. */
import { describeFrame, type LinkFrame } from '@mtalab/mta-core';
import type { KeptStep, LiveTrace } from '@mtalab/trace';
import { useMemo } from 'preact/hooks';
import { fateText, meaningOf } from '../model/meaning.js';
import type { LadderRow } from '../model/rows.js';
import type { Store } from '../state/store.js';
import { Octets } from './octets.js';

/** The frame of a line, as the step of its sender has it. */
function frameOf(steps: readonly KeptStep[], { line }: LadderRow): LinkFrame | null {
  for (let at = steps.length - 1; at >= 0; at -= 1) {
    const { entry } = steps[at] as KeptStep;
    if (entry.node !== line.from || entry.t !== line.tMs) continue;
    for (const effect of entry.effects)
      if (effect.type === 'frame' && describeFrame(effect) === line.text) return effect as LinkFrame;
  }
  return null;
}

/** Fields shown of one frame. */
const maxFields = 200;

function fieldsOf(value: unknown, path = ''): readonly (readonly [string, string])[] {
  if (typeof value !== 'object' || value === null) return [[path, String(value)]];
  return Object.entries(value).flatMap(([key, each]) => fieldsOf(each, path === '' ? key : `${path}.${key}`));
}

export type DetailsProps = {
  readonly store: Store;
  readonly row: LadderRow;
  /** Has the steps of the line. Default: what is shown. */
  readonly trace?: LiveTrace;
};

export function Details({ store, row, trace = store.trace }: DetailsProps) {
  const { line } = row;
  const meaning = meaningOf(line);
  // The same object as long as the same line is selected: what depends on it is asked for once.
  const frame = useMemo(() => frameOf(trace.steps, row), [trace, row.key]);
  const fields = frame === null ? [] : fieldsOf(frame.frame).slice(0, maxFields);
  return (
    <section class="details" aria-label="Selected line">
      <header>
        <h2>{line.text}</h2>
        <button type="button" class="close" aria-label="Close the details" onClick={() => store.change({ selected: null })}>
          ✕
        </button>
      </header>
      <p>{meaning?.says ?? (row.shape === 'pdu' ? fateText(line) : '')}</p>
      {meaning !== null && (
        <p>
          <strong>{meaning.word}.</strong> {meaning.text} <span class="quiet">{meaning.source}</span>
        </p>
      )}
      {line.count > 1 && (
        <p>
          This line stands for {line.count} PDUs.{' '}
          <button type="button" onClick={() => store.change({ whole: true, selected: null })}>
            Show every PDU
          </button>
        </p>
      )}
      {fields.length > 0 && (
        <dl>
          {fields.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
      {frame !== null && <Octets store={store} frame={frame} />}
      {line.association !== null && <p class="quiet">association {line.association}</p>}
    </section>
  );
}
