/** The twin view: two pairs that get the same, their ladders on one clock, and the first place where they part. */
import { quirks } from '@mtalab/mta-core';
import { divergenceText, type LadderLine, type LiveTrace } from '@mtalab/trace';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { pictureOf } from '../model/picture.js';
import { type LadderRow, ladderRows } from '../model/rows.js';
import { pairTitles, shiftOf, type TwinRow, TwinWatch, twinRows } from '../model/twin.js';
import type { Store } from '../state/store.js';
import { Details } from './details.js';
import { Row, rowHeight } from './ladder.js';

/** Steps of each pair that its ladder looks at. */
const ladderSteps = 1500;
const recordingSteps = 20_000;
/** Rows drawn beyond the visible ones, on each side. */
const overscan = 12;
/** Real time after which a PDU is missing that the other pair has, ms. */
const patienceMs = 2000;

export type TwinProps = { readonly store: Store; readonly left: string; readonly right: string };

/** What `t` does: it shows both pairs, or one; without a twin it asks for one. */
export function twinKeys(store: Store): Readonly<Record<string, () => void>> {
  if (store.fork !== null) return {};
  return { t: () => store.toggleTwin() };
}

export function TwinButton({ store }: { readonly store: Store }) {
  if (store.twin === null && (store.hello?.twin ?? 'none') === 'none') return null;
  return (
    <button type="button" title="Key t" aria-pressed={store.view === 'twin'} onClick={() => store.toggleTwin()}>
      Twin
    </button>
  );
}

/** Which pair is shown, if there are two and one of them stands alone. */
export function PairBar({ store }: { readonly store: Store }) {
  if (store.twin === null || store.view === 'twin' || store.fork !== null) return null;
  const [one, other] = pairTitles(store.live, store.twin);
  return (
    <p class="pair-bar">
      {store.view === 'second' ? `The second pair: ${other}.` : `The first pair: ${one}.`}{' '}
      <button type="button" onClick={() => store.show('twin')}>
        Both side by side
      </button>
    </p>
  );
}

type PairHeadProps = TwinProps & {
  readonly trace: LiveTrace;
  readonly at: number;
  readonly title: string;
  readonly isSecond: boolean;
};

function PairHead({ store, left, right, trace, at, title, isSecond }: PairHeadProps) {
  const nodes = trace.nodesAt(at).filter(({ node }) => node === left || node === right);
  const picture = pictureOf(nodes, store.nowMs);
  const name = isSecond ? 'Second pair' : 'First pair';
  const [why] = picture.waits.flatMap(({ mta, queue, queued, reasons }) =>
    reasons.length === 0 ? [] : [`${mta} for ${queue} (${queued}): ${reasons[0]?.says}`],
  );
  return (
    <section class="pair-head" aria-label={name}>
      <header>
        <h2>
          {name}: {title}
        </h2>
        <button
          type="button"
          title="With its cards and details"
          aria-label={`Alone: ${name}`}
          onClick={() => store.show(isSecond ? 'second' : 'first')}
        >
          Alone
        </button>
      </header>
      <div class={`verdict ${picture.tone}`} role="status" aria-live="polite">
        <strong>{picture.sentence}</strong>
        <span>{why ?? ''}</span>
      </div>
      <ul class="pair-cards">
        {picture.cards.map((card) => (
          <li key={card.name}>
            {card.name}{' '}
            <strong class="figures">
              {card.queued}
              {card.nextThreshold === null ? '' : `/${card.nextThreshold}`}
            </strong>{' '}
            queued <span class="quiet">{card.isUp ? card.turn : card.process}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** A pair: the first or the second. */
type Side = 'one' | 'other';
/** A row that is selected. */
type Place = { readonly row: number; readonly side: Side };

/** What the store has as selected: no row of a ladder that stands alone has such a name. */
const nameOf = (side: Side, { key }: LadderRow): string => `${side} ${key}`;

type CellProps = {
  readonly row: LadderRow | null;
  readonly lifelines: TwinRow['lifelines'][0];
  readonly parts: boolean;
  readonly isSelected: boolean;
  readonly onSelect: () => void;
  readonly at: number;
  readonly left: string;
  readonly right: string;
  readonly id: string;
};

function Cell({ row, lifelines, parts, isSelected, onSelect, ...more }: CellProps) {
  return (
    <>
      {row === null && (
        <div class="row" aria-hidden="true" style={{ top: `${more.at * rowHeight}px` }}>
          <span class="when" />
          <span class={`life ${lifelines[0]}`} />
          <span class="lane" />
          <span class={`life ${lifelines[1]}`} />
        </div>
      )}
      {row !== null && (
        <Row
          row={row}
          index={more.at}
          id={more.id}
          isSelected={parts || isSelected}
          onSelect={onSelect}
          left={more.left}
          right={more.right}
        />
      )}
      {parts && (
        <span class={`parts ${row === null ? 'empty-place' : ''}`} style={{ top: `${more.at * rowHeight}px` }}>
          {row === null ? '◆ here: nothing' : '◆ parts here'}
        </span>
      )}
    </>
  );
}

type LaddersProps = {
  readonly rows: readonly TwinRow[];
  readonly left: string;
  readonly right: string;
  /** A row to be brought into the view. Another object asks again. */
  readonly goal: Goal;
  readonly selected: Place | null;
  readonly onSelect: (place: Place) => void;
  readonly onOpen: () => void;
};

type Goal = { readonly row: number };

/** The next row of a side that has a PDU or a note, from a row on; as it was if there is none. */
function nextPlace(rows: readonly TwinRow[], { row, side }: Place, step: 1 | -1): Place {
  for (let at = row + step; at >= 0 && at < rows.length; at += step) if (rows[at]?.[side] !== null) return { row: at, side };
  return { row, side };
}

/** Where a key leads from the selected row; null if it is no key of the ladders. */
function placeAfter(key: string, rows: readonly TwinRow[], selected: Place | null): Place | null {
  const side = selected?.side ?? 'one';
  const row = selected?.row ?? rows.length;
  switch (key) {
    case 'ArrowDown':
    case 'j':
      return nextPlace(rows, { row, side }, 1);
    case 'ArrowUp':
    case 'k':
      return nextPlace(rows, { row, side }, -1);
    case 'Home':
      return nextPlace(rows, { row: -1, side }, 1);
    case 'End':
      return nextPlace(rows, { row: rows.length, side }, -1);
    case 'ArrowLeft':
    case 'ArrowRight': {
      const to = key === 'ArrowLeft' ? 'one' : 'other';
      return rows[row]?.[to] == null ? nextPlace(rows, { row, side: to }, -1) : { row, side: to };
    }
    default:
      return null;
  }
}

function Ladders({ rows, left, right, goal, selected, onSelect, onOpen }: LaddersProps) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 400 });
  const follows = useRef(true);
  const seen = (): void => {
    const element = box.current;
    if (element !== null) setView({ top: element.scrollTop, height: element.clientHeight });
  };
  useLayoutEffect(() => {
    if (box.current !== null && follows.current) box.current.scrollTop = box.current.scrollHeight;
    seen();
  }, [rows]);
  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => {
      if (follows.current) element.scrollTop = element.scrollHeight;
      seen();
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    const element = box.current;
    if (element === null || goal.row < 0) return;
    follows.current = false;
    element.scrollTop = Math.max(0, goal.row * rowHeight - element.clientHeight / 2);
  }, [goal]);
  const scrolled = (): void => {
    const element = box.current;
    if (element === null) return;
    follows.current = element.scrollTop + element.clientHeight >= element.scrollHeight - rowHeight;
    seen();
  };
  const keyed = (event: KeyboardEvent): void => {
    const element = box.current;
    if (event.key === 'Enter' && selected !== null) {
      // Otherwise the same key would press the button that gets the focus.
      event.preventDefault();
      onOpen();
    }
    const to = placeAfter(event.key, rows, selected);
    if (to === null || element === null) return;
    event.preventDefault();
    if (rows[to.row]?.[to.side] == null) return;
    onSelect(to);
    follows.current = false;
    const [top, bottom] = [to.row * rowHeight, (to.row + 1) * rowHeight];
    if (top < element.scrollTop) element.scrollTop = top;
    else if (bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight;
  };
  const first = Math.max(0, Math.floor(view.top / rowHeight) - overscan);
  const drawn = rows.slice(first, Math.ceil((view.top + view.height) / rowHeight) + overscan);
  const column = (name: string, side: Side) => (
    <div class="rows" role="listbox" aria-label={name} tabIndex={-1} style={{ height: `${rows.length * rowHeight}px` }}>
      {drawn.map((row, at) => (
        <Cell
          key={first + at}
          id={`${side}-${first + at}`}
          row={row[side]}
          lifelines={row.lifelines[side === 'one' ? 0 : 1]}
          parts={row.parts[side === 'one' ? 0 : 1]}
          isSelected={selected?.side === side && selected.row === first + at}
          onSelect={() => onSelect({ row: first + at, side })}
          at={first + at}
          left={left}
          right={right}
        />
      ))}
    </div>
  );
  return (
    <section
      class="ladder ladders"
      ref={box}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled with the keyboard
      tabIndex={0}
      aria-label="Both ladders on one clock"
      onScroll={scrolled}
      onKeyDown={keyed}
    >
      {column('PDUs of the first pair', 'one')}
      {column('PDUs of the second pair', 'other')}
    </section>
  );
}

export function TwinView({ store, left, right }: TwinProps) {
  const { live, twin, at, whole } = store;
  const [goal, setGoal] = useState<Goal>({ row: -1 });
  const watch = useRef<TwinWatch | null>(null);
  if (twin !== null && watch.current?.isOf(live, twin) !== true) watch.current = new TwinWatch(live, twin);
  const shiftMs = twin === null ? 0 : shiftOf(live, twin);
  const isNow = store.cursor === null;
  const atMs = isNow ? null : (live.steps.findLast((step) => step.at <= at)?.entry.t ?? 0);
  const twinAt = twin === null ? 0 : atMs === null ? twin.latest : twin.itemAt(atMs - shiftMs);
  const scale = store.hello?.timeScale ?? 1;
  const divergence =
    watch.current?.look(store.isRecording ? null : store.labNowMs, store.isRecording ? 0 : patienceMs * scale) ?? null;
  const rows = useMemo(() => {
    if (twin === null || watch.current === null) return [];
    const most = store.isRecording ? recordingSteps : ladderSteps;
    const one = ladderRows(live.ladder(at, most, whole), left, right);
    const other = ladderRows(twin.ladder(twinAt, most, whole), left, right);
    return twinRows(one, other, watch.current.partners(one, other), shiftMs, divergence);
  }, [live, twin, at, twinAt, whole, left, right, divergence]);
  if (twin === null) return null;
  const place = rows.findIndex(({ parts }) => parts[0] || parts[1]);
  const selected = selectedIn(rows, store.selected);
  const chosen = selected === null ? null : (rows[selected.row]?.[selected.side] ?? null);
  const select = ({ row, side }: Place): void => {
    const found = rows[row]?.[side];
    if (found != null) store.change({ selected: nameOf(side, found) });
  };
  const [one, other] = pairTitles(live, twin);
  return (
    <main class="twin">
      <p class={`parting ${divergence === null ? '' : 'found'}`} role="status" aria-live="polite">
        {divergence === null
          ? `The pairs have done the same so far: ${watch.current?.same ?? 0} PDUs.`
          : `The pairs part${whenText(divergence.one ?? divergence.other)}. ${divergenceText(divergence)}.`}{' '}
        {place >= 0 && (
          <button type="button" onClick={() => setGoal({ row: place })}>
            Show it
          </button>
        )}
      </p>
      <div class="pair-heads">
        <PairHead store={store} left={left} right={right} trace={live} at={at} title={one} isSecond={false} />
        <PairHead store={store} left={left} right={right} trace={twin} at={twinAt} title={other} isSecond />
      </div>
      <div class="pair-heads names" aria-hidden="true">
        {['one', 'other'].map((side) => (
          <div class="heads" key={side}>
            <span>{left}</span>
            <span>{right}</span>
          </div>
        ))}
      </div>
      <Ladders
        rows={rows}
        left={left}
        right={right}
        goal={goal}
        selected={selected}
        onSelect={select}
        onOpen={() => document.querySelector<HTMLElement>('.details .close')?.focus()}
      />
      {chosen !== null && <Details store={store} row={chosen} trace={selected?.side === 'one' ? live : twin} />}
    </main>
  );
}

function selectedIn(rows: readonly TwinRow[], name: string | null): Place | null {
  if (name === null) return null;
  for (const side of ['one', 'other'] as const) {
    const row = rows.findIndex((each) => each[side] !== null && nameOf(side, each[side]) === name);
    if (row >= 0) return { row, side };
  }
  return null;
}

function whenText(line: LadderLine | null): string {
  return line?.tMs === undefined ? '' : ` at ${new Date(line.tMs).toISOString().slice(11, 23)}`;
}

/** Asks in which articles the second pair is to differ. */
export function TwinForm({ store, onDone }: { readonly store: Store; readonly onDone: () => void }) {
  const present = store.live.nodesAt().flatMap(({ mta }) => mta?.legacy ?? []);
  const [chosen, choose] = useState<readonly string[]>(present.length === 0 ? ['Q166594'] : [...new Set(present)]);
  const start = (event: Event): void => {
    event.preventDefault();
    void store.startTwin(chosen);
    onDone();
  };
  return (
    <form onSubmit={start}>
      <p>
        A second pair of the same description starts beside this one. These articles are the other way about in it; from then on
        both pairs get all that you do. The twin begins empty: start it before you send anything.
      </p>
      <fieldset class="switches">
        <legend>Articles that differ</legend>
        {quirks.map(({ article, title }) => (
          <label key={article} title={title}>
            <input
              type="checkbox"
              checked={chosen.includes(article)}
              onChange={() => choose(chosen.includes(article) ? chosen.filter((each) => each !== article) : [...chosen, article])}
            />
            {article}
          </label>
        ))}
      </fieldset>
      <button type="submit" class="main" disabled={chosen.length === 0}>
        Start the twin
      </button>
    </form>
  );
}
