/** The octets of a PDU in hexadecimal, with the field marked that the pointer or the keyboard is at. */
import type { LinkFrame } from '@mtalab/mta-core';
import type { PageOctets } from '@mtalab/trace';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Store } from '../state/store.js';
import './octets.css';

/** Octets in one line. */
const inLine = 8;

type Shown = PageOctets | 'asking' | 'none' | { readonly problem: string };

/** For each octet: the number of its field, -1 if it has none. The last field counts: it is the innermost. */
function ownersOf({ octets, fields }: PageOctets): Int16Array {
  const owners = new Int16Array(octets.length / 2).fill(-1);
  for (const [number, { ranges }] of fields.entries())
    for (const [at, length] of ranges) owners.fill(number, at, Math.min(at + length, owners.length));
  return owners;
}

function isWithin(ranges: readonly (readonly [number, number])[], at: number): boolean {
  return ranges.some(([from, length]) => at >= from && at < from + length);
}

function placeText(ranges: readonly (readonly [number, number])[]): string {
  return ranges.map(([at, length]) => (length === 1 ? `octet ${at}` : `octets ${at} to ${at + length - 1}`)).join(', ');
}

// The pointer marks when it moves, not when it is over something: a list that the keyboard scrolls under a resting pointer keeps
// the mark of the keyboard.

type DumpProps = {
  readonly shown: PageOctets;
  readonly active: number;
  readonly onActive: (field: number) => void;
};

function Dump({ shown, active, onActive }: DumpProps) {
  const { octets, unknown, fields } = shown;
  const owners = useMemo(() => ownersOf(shown), [shown]);
  const marked = fields[active]?.ranges ?? [];
  const lines = Array.from({ length: Math.ceil(owners.length / inLine) }, (_, line) => line * inLine);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also with the keyboard
    <section class="dump" aria-label="Octets in hexadecimal" tabIndex={0}>
      {lines.map((start) => (
        <div key={start}>
          <span class="quiet">{start.toString(16).padStart(4, '0')}</span>
          {Array.from({ length: Math.min(inLine, owners.length - start) }, (_, place) => start + place).map((at) => (
            // biome-ignore lint/a11y/noStaticElementInteractions: the list of fields below takes the keys
            <span
              key={at}
              class={`octet ${isWithin(marked, at) ? 'marked' : ''} ${isWithin(unknown, at) ? 'unknown' : ''}`}
              onMouseMove={() => onActive(owners[at] ?? -1)}
            >
              {isWithin(unknown, at) ? '··' : octets.slice(2 * at, 2 * at + 2)}
            </span>
          ))}
        </div>
      ))}
    </section>
  );
}

function Fields({ shown, active, onActive }: DumpProps) {
  const { fields } = shown;
  const box = useRef<HTMLDivElement>(null);
  const move = (event: KeyboardEvent): void => {
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      Home: 0,
      End: fields.length - 1,
    };
    const to = steps[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(fields.length - 1, to));
    onActive(next);
    box.current?.children[next]?.scrollIntoView({ block: 'nearest' });
    requestAnimationFrame(() => document.querySelector('.octet.marked')?.scrollIntoView({ block: 'nearest' }));
  };
  return (
    <div
      class="fields"
      ref={box}
      role="listbox"
      aria-label="Fields of the octets"
      aria-activedescendant={active >= 0 ? `octet-field-${active}` : undefined}
      tabIndex={0}
      onKeyDown={move}
      onFocus={() => onActive(Math.max(0, active))}
    >
      {fields.map(({ name, value, ranges }, number) => (
        <div
          key={number}
          id={`octet-field-${number}`}
          role="option"
          tabIndex={-1}
          aria-selected={number === active}
          class={number === active ? 'marked' : ''}
          onMouseMove={() => onActive(number)}
        >
          <span class="name">{name}</span> <span>{value}</span>
          <span class="visually-hidden">, {placeText(ranges)}</span>
        </div>
      ))}
    </div>
  );
}

export function Octets({ store, frame }: { readonly store: Store; readonly frame: LinkFrame }) {
  const [shown, setShown] = useState<Shown>('asking');
  const [active, setActive] = useState(-1);
  useEffect(() => {
    let isOver = false;
    setShown('asking');
    setActive(-1);
    void store.act('octets', { frame }).then(({ ok, says, value }) => {
      if (!isOver) setShown(ok ? ((value as PageOctets | null) ?? 'none') : { problem: says });
    });
    return () => {
      isOver = true;
    };
  }, [frame]);
  if (shown === 'asking') return <p class="quiet">The octets are on their way.</p>;
  if (shown === 'none')
    return <p class="quiet">The journal does not say all octets of this PDU; a capture of the link shows them.</p>;
  if ('problem' in shown) return <p class="quiet">{shown.problem}</p>;
  const visible = shown.octets.length / 2;
  return (
    <section class="octets" aria-label="Octets">
      <h3>{shown.length} octets</h3>
      <p class="quiet">
        Encoded again from the journal’s fields: the same octets as on the connection.
        {shown.unknown.length === 0 ? '' : ' The content of a message (··) is in no journal.'}
        {visible < shown.length ? ` The first ${visible} are shown.` : ''}
      </p>
      <Dump shown={shown} active={active} onActive={setActive} />
      <Fields shown={shown} active={active} onActive={setActive} />
    </section>
  );
}
