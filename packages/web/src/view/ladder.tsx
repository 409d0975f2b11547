/** The ladder between two MTAs: a virtual list, newest at the bottom, with both lifelines. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { LadderRow, Lifeline } from '../model/rows.js';

export const rowHeight = 26;
/** Rows drawn beyond the visible ones, on each side. */
const overscan = 12;

const lifelineText: Readonly<Record<Lifeline, string>> = {
  mine: 'has the Turn',
  theirs: 'believes the other has the Turn',
  giving: 'gave the Turn away, no answer yet',
  asking: 'asks for the Turn',
  none: 'no association',
};

const endText: Readonly<Record<string, string>> = { held: 'held', swallowed: 'swallowed', cut: 'cut', lost: 'not arrived' };

function Arrow({ row }: { readonly row: LadderRow }) {
  const { line, isRight, kind } = row;
  const arrives = line.fate === 'passed';
  const [from, to] = isRight ? [0, arrives ? 100 : 62] : [100, arrives ? 0 : 38];
  return (
    <svg class={`arrow ${kind} ${arrives ? '' : 'broken'}`} viewBox="0 0 100 26" preserveAspectRatio="none" aria-hidden="true">
      <line x1={from} y1="3" x2={to} y2={arrives ? 23 : 17} />
    </svg>
  );
}

function Head({ row }: { readonly row: LadderRow }) {
  const { line, isRight } = row;
  if (line.fate !== 'passed')
    return <span class={`stop ${isRight ? 'to-right' : 'to-left'}`}>✕ {line.fault ?? endText[line.fate]}</span>;
  return <span class={`head ${isRight ? 'to-right' : 'to-left'}`} aria-hidden="true" />;
}

function timeText(ms: number | undefined): string {
  if (ms === undefined) return '';
  return new Date(ms).toISOString().slice(11, 23);
}

/** Words for those who do not see the drawing. */
function Hidden({ text }: { readonly text: string }) {
  return <span class="visually-hidden">{text}</span>;
}

function Line({ row }: { readonly row: LadderRow }) {
  const { line, shape, kind } = row;
  if (shape !== 'pdu')
    return (
      <span class={`label ${kind}`}>
        {shape === 'note' ? `${line.from}: ` : ''}
        {line.text}
      </span>
    );
  return (
    <>
      <Arrow row={row} />
      <span class={`label ${kind}`}>
        <Hidden text={`${line.from} to ${line.to}: `} />
        {line.text}
      </span>
      <Head row={row} />
    </>
  );
}

type RowProps = {
  readonly row: LadderRow;
  readonly index: number;
  /** Default: `row-` and the index. */
  readonly id?: string;
  readonly isSelected: boolean;
  readonly onSelect: (index: number) => void;
  readonly left: string;
  readonly right: string;
};

export function Row({ row, index, id = `row-${index}`, isSelected, onSelect, left, right }: RowProps) {
  const { line, shape, lifelines } = row;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list itself takes the keys
    <div
      id={id}
      class={`row ${shape} ${isSelected ? 'selected' : ''}`}
      role="option"
      aria-selected={isSelected}
      tabIndex={-1}
      style={{ top: `${index * rowHeight}px` }}
      onClick={() => onSelect(index)}
    >
      <span class="when">{shape === 'mark' ? '' : timeText(line.tMs)}</span>
      <span class={`life ${lifelines[0]}`} title={`${left} ${lifelineText[lifelines[0]]}`} />
      <span class={`lane ${row.isRight ? 'rightward' : 'leftward'}`}>
        <Line row={row} />
        <Hidden text={`. ${left} ${lifelineText[lifelines[0]]}; ${right} ${lifelineText[lifelines[1]]}`} />
      </span>
      <span class={`life ${lifelines[1]}`} title={`${right} ${lifelineText[lifelines[1]]}`} />
    </div>
  );
}

export type LadderProps = {
  readonly rows: readonly LadderRow[];
  readonly left: string;
  readonly right: string;
  readonly selected: number;
  readonly onSelect: (index: number) => void;
  readonly onOpen: () => void;
  /** What to show where nothing has passed yet. */
  readonly empty: string;
};

export function Ladder({ rows, left, right, selected, onSelect, onOpen, empty }: LadderProps) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const follows = useRef(true);

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    if (follows.current) element.scrollTop = element.scrollHeight;
    setView((before) => {
      const { scrollTop: top, clientHeight: height } = element;
      return before.top === top && before.height === height ? before : { top, height };
    });
  }, [rows]);
  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => {
      if (follows.current) element.scrollTop = element.scrollHeight;
      setView({ top: element.scrollTop, height: element.clientHeight });
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const scrolled = (): void => {
    const element = box.current;
    if (element === null) return;
    follows.current = element.scrollTop + element.clientHeight >= element.scrollHeight - rowHeight;
    setView({ top: element.scrollTop, height: element.clientHeight });
  };
  const move = (to: number): void => {
    const index = Math.max(0, Math.min(rows.length - 1, to));
    onSelect(index);
    const element = box.current;
    if (element === null) return;
    const [top, bottom] = [index * rowHeight, (index + 1) * rowHeight];
    if (top < element.scrollTop) element.scrollTop = top;
    else if (bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight;
  };
  const key = (event: KeyboardEvent): void => {
    const present = selected < 0 ? rows.length : selected;
    const page = Math.max(1, Math.floor(view.height / rowHeight) - 1);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: present + 1,
      j: present + 1,
      ArrowUp: present - 1,
      k: present - 1,
      PageDown: present + page,
      PageUp: present - page,
      Home: 0,
      End: rows.length - 1,
    };
    const to = steps[event.key];
    if (to !== undefined) {
      event.preventDefault();
      move(to);
    } else if (event.key === 'Enter' && selected >= 0) {
      // Otherwise the same key would press the button that gets the focus.
      event.preventDefault();
      onOpen();
    }
  };

  const first = Math.max(0, Math.floor(view.top / rowHeight) - overscan);
  const last = Math.min(rows.length, Math.ceil((view.top + view.height) / rowHeight) + overscan);
  return (
    <div
      class="ladder"
      ref={box}
      role="listbox"
      aria-label={`PDUs between ${left} and ${right}, the newest last`}
      aria-activedescendant={selected >= 0 ? `row-${selected}` : undefined}
      tabIndex={0}
      onScroll={scrolled}
      onKeyDown={key}
    >
      {rows.length === 0 && <p class="empty">{empty}</p>}
      <div class="rows" role="presentation" style={{ height: `${rows.length * rowHeight}px` }}>
        {rows.slice(first, last).map((row, at) => (
          <Row
            key={first + at}
            row={row}
            index={first + at}
            isSelected={first + at === selected}
            onSelect={onSelect}
            left={left}
            right={right}
          />
        ))}
      </div>
    </div>
  );
}
