/** How fast lab time runs: shown, and changed with a slider whose positions are usual scales. */
import { useState } from 'preact/hooks';
import type { Store } from '../state/store.js';
import './time-scale.css';

const usual = [0.01, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1000, 3600];

/** The positions of the slider, with the present scale among them. */
function scalesWith(present: number): readonly number[] {
  return usual.includes(present) ? usual : [...usual, present].sort((one, other) => one - other);
}

/** The next scale of the slider. @param step 1: faster, -1: slower. */
export function changeScale(store: Store, step: 1 | -1): void {
  const scales = scalesWith(store.timeScale);
  const next = scales[scales.indexOf(store.timeScale) + step];
  if (next !== undefined) void store.act('time-scale', { scale: next });
}

export function TimeScale({ store }: { readonly store: Store }) {
  /** What the slider shows while it is moved. */
  const [moved, setMoved] = useState<number | null>(null);
  const scales = scalesWith(store.timeScale);
  const shown = moved ?? store.timeScale;
  return (
    <label class="time-scale figures" title="Lab seconds in a real second (+ and -)">
      <span class="visually-hidden">Time scale</span>
      <input
        type="range"
        min="0"
        max={scales.length - 1}
        value={scales.indexOf(shown)}
        aria-valuetext={`lab time runs ${shown} times as fast as real time`}
        disabled={store.connection !== 'open'}
        onInput={(event) => setMoved(scales[Number(event.currentTarget.value)] ?? null)}
        onChange={(event) => {
          const scale = scales[Number(event.currentTarget.value)] ?? store.timeScale;
          setMoved(scale);
          void store.act('time-scale', { scale }).then(() => setMoved(null));
        }}
      />
      <span>×{shown}</span>
    </label>
  );
}
