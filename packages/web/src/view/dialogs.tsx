/** The dialogs: send mail, set a fault, the keys. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Store } from '../state/store.js';
import { Lessons } from './lessons.js';
import { TwinForm } from './twin.js';

type FrameProps = {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
  readonly isWide?: boolean;
};

function Frame({ title, onClose, children, isWide = false }: FrameProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
    dialog.current?.querySelector<HTMLElement>('[data-first]')?.focus();
  }, []);
  return (
    <dialog ref={dialog} class={isWide ? 'wide' : ''} aria-label={title} onClose={onClose}>
      <header>
        <h2>{title}</h2>
        <button type="button" class="close" aria-label="Close" onClick={onClose}>
          ✕
        </button>
      </header>
      {children}
    </dialog>
  );
}

type DialogProps = { readonly store: Store; readonly left: string; readonly right: string };

/** From whom to whom mail can go: first between the two MTAs that are shown, then between all others. */
function sendPairs(
  { hello }: Store,
  left: string,
  right: string,
): readonly (readonly [value: string, from: string, to: string])[] {
  const names = hello?.mtas.map(({ name }) => name) ?? [];
  const others = names.flatMap((from) => names.filter((to) => to !== from).map((to) => [`${from} to ${to}`, from, to] as const));
  const isShown = (name: string): boolean => name === left || name === right;
  return [[left, left, right], [right, right, left], ...others.filter(([, from, to]) => !isShown(from) || !isShown(to))];
}

function SendDialog({ store, left, right }: DialogProps) {
  const pairs = sendPairs(store, left, right);
  const [chosen, choose] = useState(left);
  const [count, setCount] = useState('1');
  const [priority, setPriority] = useState('normal');
  const close = (): void => store.change({ dialog: null });
  const send = (event: Event): void => {
    event.preventDefault();
    const [, from = left, to = right] = pairs.find(([value]) => value === chosen) ?? [];
    void store.act('send', { from, to, count: Number(count), priority });
    close();
  };
  return (
    <Frame title="Send messages" onClose={close}>
      <form onSubmit={send}>
        <label>
          From{' '}
          <select value={chosen} onChange={(event) => choose(event.currentTarget.value)}>
            {pairs.map(([value, from, to]) => (
              <option key={value} value={value}>
                {from} to {to}
              </option>
            ))}
          </select>
        </label>
        <label>
          Messages{' '}
          <input
            type="number"
            min="1"
            max="10000"
            required
            value={count}
            data-first
            onInput={(event) => setCount(event.currentTarget.value)}
          />
        </label>
        <label>
          Priority{' '}
          <select value={priority} onChange={(event) => setPriority(event.currentTarget.value)}>
            <option>normal</option>
            <option>urgent</option>
            <option>non-urgent</option>
          </select>
        </label>
        <button type="submit" class="main">
          Send
        </button>
      </form>
    </Frame>
  );
}

/** Faults that are one click away; the text may be changed. */
const usual: readonly (readonly [string, string])[] = [
  ['Hold the next Turn-Give', 'hold turn-give'],
  ['Cut before the next Turn-Give', 'cut before turn-give'],
  ['Cut after the next Turn-Give', 'cut after turn-give'],
  ['Hold the next Turn-Please', 'hold turn-please'],
  ['Hold the next confirmation', 'hold confirm'],
  ['Swallow everything', 'black-hole any'],
  ['Delay each PDU by 2 s', 'delay any 2000'],
];

function FaultDialog({ store }: DialogProps) {
  const [text, setText] = useState('hold turn-give');
  const close = (): void => store.change({ dialog: null });
  const isProxied = store.hello?.proxied === true;
  const act = (action: string, values = {}) => {
    void store.act(action, values);
    close();
  };
  if (!isProxied)
    return (
      <Frame title="Faults" onClose={close}>
        <p>
          This pair has no fault proxy on its link, so nothing can be held or cut. Start it with <code>mtalab pair --proxy</code>.
        </p>
      </Frame>
    );
  return (
    <Frame title="Faults" onClose={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          act('fault', { text });
        }}
      >
        <label>
          Fault <input value={text} required data-first onInput={(event) => setText(event.currentTarget.value)} />
        </label>
        <button type="submit" class="main">
          Set
        </button>
      </form>
      <ul class="choices">
        {usual.map(([title, fault]) => (
          <li key={fault}>
            <button type="button" onClick={() => act('fault', { text: fault })}>
              {title}
            </button>
          </li>
        ))}
      </ul>
      <h3>Now</h3>
      <ul class="choices">
        <li>
          <button type="button" onClick={() => act('release')}>
            Let go what is held
          </button>
        </li>
        <li>
          <button type="button" onClick={() => act('drop')}>
            Drop what is held
          </button>
        </li>
        <li>
          <button type="button" onClick={() => act('heal')}>
            Heal the black hole
          </button>
        </li>
        <li>
          <button type="button" onClick={() => act('cut')}>
            Cut all connections
          </button>
        </li>
        {(['silent', 'down', 'up'] as const).map((state) => (
          <li key={state}>
            <button type="button" onClick={() => act('network', { state })}>
              Network {state}
            </button>
          </li>
        ))}
      </ul>
    </Frame>
  );
}

const keys: readonly (readonly [string, string])[] = [
  ['Space', 'stop the link, and let it go on'],
  ['.', 'while it is stopped: let one PDU go'],
  ['j k ↓ ↑', 'along the ladder; in the twin view ← → go to the ladder of the other pair'],
  ['Enter', 'details of the selected line'],
  ['l', 'lessons'],
  ['r R', 'restart the left or the right MTA'],
  ['x X', 'kill it, and start it again'],
  ['q Q', 'to the article switches of the left or the right MTA; Tab goes on, Space switches'],
  ['e', 'export'],
  ['m', 'the map, with more than two MTAs'],
  ['s', 'send messages'],
  ['f', 'faults'],
  ['a', 'let 10 minutes of lab time pass'],
  ['+ -', 'let lab time run faster or slower'],
  ['[ ]', 'one step back or forward in time'],
  ['0', 'back to now'],
  ['w', 'fold or unfold repeated lines'],
  ['t', 'twin: two pairs side by side, or one'],
  ['y', 'fork: go on from this instant in the browser; and back to the recording'],
  ['q', 'in a fork: run until it is quiet'],
  ['1 to 5', 'event log, queues, LTAB, associations, commands'],
  ['/', 'filter the event log'],
  ['?', 'this list'],
  ['Escape', 'close'],
];

function HelpDialog({ store, left, right }: DialogProps) {
  return (
    <Frame title="Keys and signs" onClose={() => store.change({ dialog: null })}>
      <dl class="keys">
        {keys.map(([key, does]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <h3>
        The lines of {left} and {right}
      </h3>
      <ul class="signs">
        <li>
          <span class="life sample mine" /> this side believes that it has the Turn
        </li>
        <li>
          <span class="life sample theirs" /> it believes that the other side has it
        </li>
        <li>
          <span class="life sample giving" /> it gave the Turn away and has no answer yet
        </li>
        <li>
          <span class="life sample asking" /> it asks for the Turn
        </li>
      </ul>
      <p>Two hollow lines side by side are a lost Turn: nobody may send.</p>
    </Frame>
  );
}

export function Dialogs(props: DialogProps) {
  switch (props.store.dialog) {
    case 'send':
      return <SendDialog {...props} />;
    case 'fault':
      return <FaultDialog {...props} />;
    case 'lessons':
      return (
        <Frame title="Lessons" isWide onClose={() => props.store.change({ dialog: null })}>
          <Lessons store={props.store} />
        </Frame>
      );
    case 'twin':
      return (
        <Frame title="A twin" onClose={() => props.store.change({ dialog: null })}>
          <TwinForm store={props.store} onDone={() => props.store.change({ dialog: null })} />
        </Frame>
      );
    case 'help':
      return <HelpDialog {...props} />;
    case null:
      return null;
  }
}
