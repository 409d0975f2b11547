/** The whole recording on one line: drag to go back, and see everything as it was. */
import { isNote, type LadderLine } from '@mtalab/trace';
import type { Store } from '../state/store.js';

export type TimelineProps = { readonly store: Store; readonly lines: readonly LadderLine[] };

/** Marks drawn at most. */
const maxMarks = 200;

/** Where something went wrong, as a share of the range. */
function marksOf(lines: readonly LadderLine[], fromMs: number, toMs: number) {
  if (toMs <= fromMs) return [];
  return lines
    .filter((line) => line.tMs !== undefined && (line.fate !== 'passed' || (isNote(line) && line.mark === undefined)))
    .slice(-maxMarks)
    .map((line) => ({
      x: (((line.tMs ?? fromMs) - fromMs) / (toMs - fromMs)) * 1000,
      isFault: line.fate !== 'passed',
      says: `${line.text} ${line.fault ?? line.fate}`,
    }))
    .filter(({ x }) => x >= 0 && x <= 1000);
}

export function Timeline({ store, lines }: TimelineProps) {
  const { trace } = store;
  const first = trace.steps[0];
  const last = trace.steps.at(-1);
  const marks = marksOf(lines, first?.entry.t ?? 0, last?.entry.t ?? 0);
  const isPast = store.cursor !== null;
  const go = (value: number): void => store.change({ cursor: value >= trace.latest ? null : value, selected: null });
  return (
    <div class={`timeline ${isPast ? 'past' : ''}`}>
      <label class="visually-hidden" for="instant">
        Instant that is shown
      </label>
      <div class="track">
        <svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
          {marks.map(({ x, isFault, says }, at) => (
            <rect key={at} x={x} y={isFault ? 0 : 3} width="3" height={isFault ? 10 : 4} class={isFault ? 'fault' : 'note'}>
              <title>{says}</title>
            </rect>
          ))}
        </svg>
        <input
          id="instant"
          type="range"
          min={trace.oldest}
          max={trace.latest}
          value={store.at}
          disabled={trace.steps.length === 0}
          onInput={(event) => go(Number(event.currentTarget.value))}
        />
      </div>
      {isPast ? (
        <button type="button" onClick={() => go(trace.latest)}>
          {store.fork !== null || store.isRecording ? 'To the end' : 'Back to live'}
        </button>
      ) : (
        <span class="now">{store.fork !== null || store.isRecording ? 'end' : 'now'}</span>
      )}
    </div>
  );
}
