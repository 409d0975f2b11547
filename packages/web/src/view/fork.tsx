/** A fork on the page: the banner that says what it is, what can be done in it, and the PDUs on their way. */
import type { Store } from '../state/store.js';

/** PDUs on their way that are listed. */
const maxListed = 50;
/** Lab time that one key lets pass, s: the Open Interval. */
const advanceS = 600;

function timeText(ms: number): string {
  return new Date(ms).toISOString().slice(11, 23);
}

/** The keys of forks, where they mean something. */
export function forkKeys(store: Store): Readonly<Record<string, () => void>> {
  if (store.fork === null) return { y: () => store.beginFork() };
  return { y: () => store.endFork(), q: () => void store.act('run') };
}

/** Does this key do anything to a fork? The others are for processes. */
export function isKeyOfFork(key: string): boolean {
  return !'lf +-rRxXQ'.includes(key);
}

export function ForkButton({ store }: { readonly store: Store }) {
  return (
    <button type="button" title="Key y: go on from here in the browser" onClick={() => store.beginFork()}>
      Fork from here
    </button>
  );
}

export function ForkHeader({ store }: { readonly store: Store }) {
  const { fork } = store;
  if (fork === null) return null;
  const isOver = fork.failure !== null;
  const act = (action: string, values = {}) => void store.act(action, values);
  return (
    <header class="top fork">
      <h1>Fork</h1>
      <span class="quiet figures">{timeText(fork.nowMs)}</span>
      <span class="space" />
      <button type="button" disabled={isOver} onClick={() => store.change({ dialog: 'send' })}>
        Send
      </button>
      <button type="button" disabled={isOver} title="Key ." onClick={() => act('step')}>
        Step
      </button>
      <button type="button" disabled={isOver} title="Key q" onClick={() => act('run')}>
        Run until quiet
      </button>
      <button type="button" disabled={isOver} title="Key a" onClick={() => act('advance', { seconds: advanceS })}>
        +10 min
      </button>
      <button type="button" disabled={isOver} onClick={() => act('cut')}>
        Cut all connections
      </button>
      <button type="button" aria-pressed={store.whole} onClick={() => store.change({ whole: !store.whole, selected: null })}>
        {store.whole ? 'Fold' : 'Unfold'}
      </button>
      <button type="button" class="main" title="Key y" onClick={() => store.endFork()}>
        Back to the recording
      </button>
      <button type="button" aria-label="Keys and signs" onClick={() => store.change({ dialog: 'help' })}>
        ?
      </button>
    </header>
  );
}

export function ForkBanner({ store }: { readonly store: Store }) {
  const { fork } = store;
  if (fork === null) return null;
  const { underWay, failure } = fork;
  return (
    <section class="fork-banner" aria-label="The fork">
      <p role="status" aria-live="polite">
        This is a fork in the browser, from {timeText(fork.fromMs)} of the {store.isRecording ? 'recording' : 'lab'}. No process
        sees it.{' '}
        {underWay.length === 0
          ? 'Nothing is on its way.'
          : `${underWay.length} ${underWay.length === 1 ? 'PDU is' : 'PDUs are'} on the way, and ${underWay.length === 1 ? 'waits' : 'wait'} for you.`}
      </p>
      {failure !== null && (
        <p class="bad" role="alert">
          This fork cannot go on: {failure}. Go back to the recording, and begin another.
        </p>
      )}
      {failure === null && underWay.length > 0 && (
        <ul class="under-way" aria-label="PDUs on their way">
          {underWay.slice(0, maxListed).map(({ id, from, to, text }) => (
            <li key={id}>
              <button type="button" aria-label={`Let it arrive: ${text}`} onClick={() => void store.act('let', { pdu: id })}>
                Let it arrive
              </button>
              <button type="button" aria-label={`Lose it: ${text}`} onClick={() => void store.act('lose', { pdu: id })}>
                Lose it
              </button>
              <span class="quiet">
                {from} → {to}
              </span>{' '}
              <code>{text}</code>
            </li>
          ))}
          {underWay.length > maxListed && <li class="quiet">and {underWay.length - maxListed} more</li>}
        </ul>
      )}
    </section>
  );
}
