/** The tables of `bench:peers`. */
import { median } from '../figures.js';
import { ratioOf } from '../rounds.js';
import { mebibytes, type Table, whole } from '../tables.js';
import type { PeerFigures } from './measure.js';

/** Who took part, and the figures of each round. */
export type Row = {
  readonly name: string;
  readonly title: string;
  readonly version: string;
  readonly durable: string;
  readonly settings: readonly string[];
  readonly runs: readonly PeerFigures[];
};

const product = 'mtalab';
/** Rows that are no durable peer: the product and its baseline, and a broker that does not sync. */
const notDurablePeers = ['mtalab', 'baseline', 'nats'];

function values(row: Row, of: keyof PeerFigures): number[] {
  return row.runs.map((run) => run[of]);
}

const medianOf = (row: Row, of: keyof PeerFigures): number => median(values(row, of));

/** The peer that syncs and has the highest median rate. */
export function fastestDurable(rows: readonly Row[]): Row | undefined {
  const durable = rows.filter(({ name, runs }) => runs.length > 0 && !notDurablePeers.includes(name));
  return durable.sort((one, other) => medianOf(other, 'messagesPerS') - medianOf(one, 'messagesPerS'))[0];
}

/** @param inFlight messages in flight in every run. */
export function figuresTable(rows: readonly Row[], inFlight: number, rounds: number): Table {
  const ours = rows.find(({ name, runs }) => name === product && runs.length > 0);
  const fastest = fastestDurable(rows);
  const against = (row: Row): string =>
    ours === undefined ? '' : ratioOf(values(ours, 'messagesPerS'), values(row, 'messagesPerS')).ofMedians.toFixed(2);
  const notes: string[] = [];
  if (ours !== undefined && fastest !== undefined) {
    const { ofMedians, median: middle, least, most } = ratioOf(values(ours, 'messagesPerS'), values(fastest, 'messagesPerS'));
    const [one, two, three, four] = [ofMedians, middle, least, most].map((value) => value.toFixed(2));
    notes.push(
      `MTA Lab to the fastest durable peer (${fastest.title}): ratio of medians ${one}; of the rounds ${two} (${three} to ${four})`,
    );
  }
  return {
    title: `Durable hand-over of 1 KiB messages, ${inFlight} in flight, medians of ${rounds} rounds`,
    columns: ['', 'messages/s', 'MTA Lab to it', 'CPU s per million', 'servers', 'clients', 'memory, servers', 'clients'],
    rows: rows
      .filter(({ runs }) => runs.length > 0)
      .map((row) => [
        row.title,
        whole(medianOf(row, 'messagesPerS')),
        against(row),
        whole(medianOf(row, 'cpuSPerMillion')),
        whole(medianOf(row, 'serverCpuSPerMillion')),
        whole(medianOf(row, 'clientCpuSPerMillion')),
        mebibytes(medianOf(row, 'serverBytes')),
        mebibytes(medianOf(row, 'clientBytes')),
      ]),
    notes,
  };
}

export function settingsTable(rows: readonly Row[]): Table {
  return {
    title: 'What ran',
    columns: ['', 'version', 'a confirmed message is on disk:', 'settings'],
    rows: rows.map(({ title, version, durable, settings }) => [title, version, durable, settings.join('; ')]),
    notes: [],
  };
}

/** What ran, for a terminal: the table would be too wide. */
export function settingsText(rows: readonly Row[]): string {
  return rows
    .map(({ title, version, durable, settings }) => `${title}: ${version}\n  on disk: ${durable}\n  ${settings.join('; ')}`)
    .join('\n');
}
