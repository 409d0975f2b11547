/** The page. It draws what the store has; the keys of the whole page are here. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import { pictureOf } from '../model/picture.js';
import { ladderRows } from '../model/rows.js';
import type { Store } from '../state/store.js';
import { Card } from './card.js';
import { Details } from './details.js';
import { Dialogs } from './dialogs.js';
import { Drawer, drawers } from './drawer.js';
import { ExportMenu } from './export-menu.js';
import { ForkBanner, ForkButton, ForkHeader, forkKeys, isKeyOfFork } from './fork.js';
import { LabMap } from './lab-map.js';
import { Ladder } from './ladder.js';
import { changeScale, TimeScale } from './time-scale.js';
import { Timeline } from './timeline.js';
import { PairBar, TwinButton, TwinView, twinKeys } from './twin.js';

/** Steps that the ladder looks at: what a frame costs grows with them. */
const ladderSteps = 1500;
/** A recording is drawn once, so it may look at more. */
const recordingSteps = 20_000;
/** Lab time that one key lets pass, s: the Open Interval. */
const advanceS = 600;

function useChanges(store: Store): void {
  const [, redraw] = useState(0);
  useEffect(() => store.subscribe(() => redraw((count) => count + 1)), [store]);
}

/** A control of the left or the right card. There is none while the map is shown. */
function cardControl(side: 0 | 1, selector: string): HTMLElement | null {
  const card = document.querySelectorAll('main:not([hidden]) > .card')[side];
  return card?.querySelector<HTMLElement>(selector) ?? null;
}

function keyOf(store: Store, event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === 'Escape' && store.dialog === null) {
    store.change(store.selected !== null ? { selected: null } : { drawer: null });
    return;
  }
  // A switch and the timeline take none of these keys, but a field does.
  const isField = target.tagName === 'SELECT' || (target instanceof HTMLInputElement && !/^(checkbox|range)$/.test(target.type));
  if (isField || store.dialog !== null) return;
  const { trace, at, canAct } = store;
  const travel = (to: number): void =>
    store.change({ cursor: to >= trace.latest ? null : Math.max(trace.oldest, to), selected: null });
  const actions: Readonly<Record<string, () => void>> = {
    s: () => store.change({ dialog: 'send' }),
    l: () => store.change({ dialog: 'lessons' }),
    f: () => store.change({ dialog: 'fault' }),
    '?': () => store.change({ dialog: 'help' }),
    w: () => store.change({ whole: !store.whole, selected: null }),
    r: () => cardControl(0, '.restart')?.click(),
    R: () => cardControl(1, '.restart')?.click(),
    x: () => cardControl(0, '.kill')?.click(),
    X: () => cardControl(1, '.kill')?.click(),
    q: () => cardControl(0, '.switches input')?.focus(),
    Q: () => cardControl(1, '.switches input')?.focus(),
    e: () => document.getElementById('export')?.click(),
    m: () => store.change({ link: null, selected: null }),
    '[': () => travel(at - 1),
    ']': () => travel(at + 1),
    '0': () => store.change({ cursor: null }),
    '+': () => changeScale(store, 1),
    '-': () => changeScale(store, -1),
    a: () => void store.act('advance', { seconds: advanceS }),
    ' ': () => void store.act(store.paused ? 'resume' : 'pause'),
    '.': () => void store.act('step'),
    '/': () => {
      store.change({ drawer: 'events' });
      setTimeout(() => document.getElementById('filter')?.focus(), 50);
    },
    ...forkKeys(store),
    ...twinKeys(store),
    ...Object.fromEntries(drawers.map(([name], index) => [`${index + 1}`, () => store.change({ drawer: name })])),
  };
  const act = actions[event.key];
  if (act === undefined || (!canAct && 'slfa. +-'.includes(event.key))) return;
  if (store.fork !== null && !isKeyOfFork(event.key)) return;
  if (event.key === ' ' && /^(BUTTON|INPUT)$/.test(target.tagName)) return;
  event.preventDefault();
  act();
}

function Connection({ store }: { readonly store: Store }) {
  if (store.isRecording) return <span class="state">recording</span>;
  if (store.connection === 'open') return <span class="state">{store.paused ? 'link stopped' : 'live'}</span>;
  return (
    <span class="state bad" role="alert">
      {store.connection === 'connecting' ? 'connecting' : 'The lab does not answer. '}
      {store.connection === 'lost' && (
        <button type="button" onClick={() => store.retry()}>
          Try again
        </button>
      )}
    </span>
  );
}

function Header({ store }: { readonly store: Store }) {
  const { hello, isRecording } = store;
  const time = store.labNowMs === 0 ? '' : new Date(store.labNowMs).toISOString().slice(11, 19);
  return (
    <header class="top">
      <h1>MTA Lab</h1>
      <span class="quiet title">{hello?.title ?? document.body.dataset['title'] ?? ''}</span>
      <Connection store={store} />
      {!isRecording && (
        <>
          <span class="quiet figures">{time}</span>
          <TimeScale store={store} />
        </>
      )}
      <span class="space" />
      {store.view !== 'twin' && (isRecording || store.cursor !== null) && <ForkButton store={store} />}
      <TwinButton store={store} />
      {!isRecording && (
        <>
          <button type="button" onClick={() => store.change({ dialog: 'send' })}>
            Send
          </button>
          <button type="button" onClick={() => store.change({ dialog: 'lessons' })}>
            Lessons
          </button>
          <button type="button" onClick={() => store.change({ dialog: 'fault' })}>
            Fault
          </button>
          <button
            type="button"
            disabled={hello?.proxied !== true}
            aria-pressed={store.paused}
            onClick={() => void store.act(store.paused ? 'resume' : 'pause')}
          >
            {store.paused ? 'Go on' : 'Stop the link'}
          </button>
          <button
            type="button"
            title="Let the Open Interval pass"
            onClick={() => void store.act('advance', { seconds: advanceS })}
          >
            +10 min
          </button>
        </>
      )}
      <button type="button" aria-pressed={store.whole} onClick={() => store.change({ whole: !store.whole, selected: null })}>
        {store.whole ? 'Fold' : 'Unfold'}
      </button>
      <ExportMenu store={store} />
      <button type="button" aria-label="Keys and signs" onClick={() => store.change({ dialog: 'help' })}>
        ?
      </button>
    </header>
  );
}

function emptyText({ isRecording, connection }: Store): string {
  if (isRecording) return 'Nothing passed between these MTAs.';
  return connection === 'open'
    ? 'Nothing has passed yet. Press s to send a message: the first one opens an association.'
    : 'Waiting for the lab.';
}

export function App({ store }: { readonly store: Store }) {
  useChanges(store);
  useEffect(() => {
    const listener = (event: KeyboardEvent): void => keyOf(store, event);
    document.addEventListener('keydown', listener);
    return () => document.removeEventListener('keydown', listener);
  }, [store]);
  const { trace, at, link: chosen } = store;
  const choose = (link: number | null): void => store.change({ link, selected: null });
  const names = store.hello?.mtas.map(({ name }) => name) ?? trace.nodes;
  const pairs = names.flatMap((one, index) => names.slice(index + 1).map((other) => [one, other] as const));
  const isMap = pairs.length > 1 && chosen === null;
  const [left, right] = pairs[chosen ?? 0] ?? [names[0] ?? 'MTA-A', names[1] ?? 'MTA-B'];
  const all = trace.nodesAt(at);
  const nodes = all.filter(({ node }) => node === left || node === right);
  const { fork, nowMs } = store;
  const isTwin = fork === null && store.view === 'twin' && store.twin !== null;
  const picture = useMemo(() => pictureOf(nodes, nowMs), [trace, trace.latest, at, left, right, nowMs]);
  const whole = useMemo(() => (isMap ? pictureOf(all, nowMs) : picture), [isMap, picture]);
  const lines = useMemo(() => {
    const most = store.isRecording || fork !== null ? recordingSteps : ladderSteps;
    const drawn = trace.ladder(at, most, store.whole);
    return fork === null ? drawn : fork.marked(drawn);
  }, [trace, trace.latest, at, store.whole]);
  const rows = useMemo(() => ladderRows(lines, left, right), [lines, left, right]);
  const selected = store.selected === null ? -1 : rows.findIndex(({ key }) => key === store.selected);
  const card = (name: string) => picture.cards.find((each) => each.name === name);
  const [leftCard, rightCard] = [card(left), card(right)];
  const why = picture.waits.flatMap(({ mta, queue, queued, reasons }) =>
    reasons.length === 0 ? [] : [`${mta} for ${queue} (${queued}): ${reasons[0]?.says}`],
  );
  return (
    <div class="page">
      {fork === null ? <Header store={store} /> : <ForkHeader store={store} />}
      <Timeline store={store} lines={lines} />
      <ForkBanner store={store} />
      <PairBar store={store} />
      {isMap && (
        <LabMap
          picture={whole}
          nodes={all}
          lines={lines}
          isPast={store.cursor !== null}
          onOpen={(...ends) => {
            choose(pairs.findIndex((pair) => ends.every((end) => pair.includes(end))));
            setTimeout(() => document.querySelector<HTMLElement>('.ladder')?.focus(), 50);
          }}
        />
      )}
      {isTwin ? (
        <TwinView store={store} left={left} right={right} />
      ) : (
        <main hidden={isMap} class={selected >= 0 ? 'with-details' : ''}>
          {leftCard === undefined ? <section class="card" /> : <Card store={store} card={leftCard} peer={right} />}
          <section class="middle" aria-label="The link">
            {pairs.length > 1 && (
              <div class="pair">
                <button type="button" onClick={() => choose(null)}>
                  Map
                </button>
                <label>
                  Link{' '}
                  <select value={chosen ?? 0} onChange={(event) => choose(Number(event.currentTarget.value))}>
                    {pairs.map(([one, other], index) => (
                      <option key={`${one} ${other}`} value={index}>
                        {one} and {other}
                      </option>
                    ))}
                  </select>
                </label>
              </div>
            )}
            <div class={`verdict ${picture.tone}`} role="status" aria-live="polite">
              <strong>
                {store.cursor === null ? '' : 'Then: '}
                {picture.sentence}
              </strong>
              {why.slice(0, 2).map((text) => (
                <span key={text}>{text}</span>
              ))}
            </div>
            {[...trace.troubles.values()].map((text) => (
              <p class="trouble" key={text}>
                {text}
              </p>
            ))}
            <div class="heads" aria-hidden="true">
              <span>{left}</span>
              <span>{right}</span>
            </div>
            <Ladder
              rows={rows}
              left={left}
              right={right}
              selected={selected}
              onSelect={(index) => store.change({ selected: rows[index]?.key ?? null })}
              onOpen={() => document.querySelector<HTMLElement>('.details .close')?.focus()}
              empty={emptyText(store)}
            />
          </section>
          {rightCard === undefined ? <section class="card" /> : <Card store={store} card={rightCard} peer={left} />}
          {selected >= 0 && rows[selected] !== undefined && <Details store={store} row={rows[selected]} />}
        </main>
      )}
      <Drawer store={store} picture={whole} />
      <div class="notices" role="status" aria-live="polite">
        {store.notices.map(({ id, text, isError }) => (
          <p key={id} class={isError ? 'bad' : ''}>
            {text}
            <button type="button" class="close" aria-label="Dismiss" onClick={() => store.dismiss(id)}>
              ✕
            </button>
          </p>
        ))}
      </div>
      <Dialogs store={store} left={left} right={right} />
    </div>
  );
}
