/** The menu "Export": the recording as one HTML file, or the ladder as `mtalab ladder` draws it. */
import { type LadderFormat, ladderIn } from '@mtalab/trace';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Store } from '../state/store.js';
import './export-menu.css';

type Form = { readonly format: LadderFormat; readonly title: string; readonly file: string; readonly type: string };

const forms: readonly Form[] = [
  { format: 'text', title: 'Ladder as text', file: 'ladder.txt', type: 'text/plain' },
  { format: 'svg', title: 'SVG', file: 'ladder.svg', type: 'image/svg+xml' },
  { format: 'mermaid', title: 'Mermaid', file: 'ladder.mmd', type: 'text/plain' },
  { format: 'plantuml', title: 'PlantUML', file: 'ladder.puml', type: 'text/plain' },
  { format: 'shiviz', title: 'ShiViz', file: 'ladder-shiviz.log', type: 'text/plain' },
  { format: 'json', title: 'JSON', file: 'ladder.json', type: 'application/json' },
];

/** Real time after which the browser has read a file that it was given, ms. */
const keptMs = 60_000;

function download(text: string, { file, type }: Form): void {
  const address = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = document.createElement('a');
  link.href = address;
  link.download = file;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), keptMs);
}

export function ExportMenu({ store }: { readonly store: Store }) {
  const [isOpen, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!isOpen) return undefined;
    box.current?.querySelector<HTMLElement>('.menu a, .menu button')?.focus();
    const away = (event: Event): void => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener('pointerdown', away);
    return () => document.removeEventListener('pointerdown', away);
  }, [isOpen]);
  const save = (form: Form): void => {
    const { trace, at, whole } = store;
    download(`${ladderIn(form.format, trace.ladder(at, Number.POSITIVE_INFINITY, whole))}\n`, form);
    setOpen(false);
    button.current?.focus();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape closes the menu from any of its items
    <div
      class="export"
      ref={box}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !isOpen) return;
        event.stopPropagation();
        setOpen(false);
        button.current?.focus();
      }}
    >
      <button
        id="export"
        type="button"
        ref={button}
        aria-expanded={isOpen}
        aria-controls="export-menu"
        onClick={() => setOpen(!isOpen)}
      >
        Export
      </button>
      <div id="export-menu" class="menu" hidden={!isOpen}>
        {!store.isRecording && (
          <a class="button" href="recording.html" download="recording.html" onClick={() => setOpen(false)}>
            The recording so far, as one HTML file
          </a>
        )}
        {forms.map((form) => (
          <button type="button" key={form.format} onClick={() => save(form)}>
            {form.title}
          </button>
        ))}
        <p class="quiet">
          The ladder of all MTAs{store.cursor === null ? '' : ' up to the instant that is shown'}
          {store.whole ? ', every PDU' : ', repeated PDUs folded'}, as <code>mtalab ladder</code> draws it.
        </p>
      </div>
    </div>
  );
}
