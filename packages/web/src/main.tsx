/** Starts the page: live from its server, or from the recording that it holds. */
import type { PairedItem } from '@mtalab/trace';
import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import { Store } from './state/store.js';
import './style.css';
import { App } from './view/app.js';

/** The recording in an exported page: items, one in a line. */
function recording(): readonly PairedItem[] | null {
  const element = document.getElementById('recording');
  if (element === null) return null;
  return (element.textContent ?? '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as PairedItem);
}

const store = new Store(recording(), document.getElementById('octets')?.textContent ?? null);
const page = document.getElementById('page');
if (page !== null) render(<App store={store} />, page);
if (!store.isRecording) store.connect(`${location.origin.replace(/^http/, 'ws')}/feed`);
