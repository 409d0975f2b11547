/** Formats lengths, spans of time and instants for people. */

/** A length in octets: `512 B`, `29.3 KiB`, `64 MiB`. */
export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let value = count / 1024;
  let at = 0;
  while (value >= 1024 && at < units.length - 1) {
    value /= 1024;
    at += 1;
  }
  return `${value >= 100 || Number.isInteger(value) ? Math.round(value) : value.toFixed(1)} ${units[at]}`;
}

/** A span of time: `0 ms`, `850 ms`, `1.2 s`, `75 s`, `9 min 58 s`, `3 h 5 min`. */
export function span(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return seconds % 60 === 0 ? `${seconds / 60} min` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** An instant of the lab's clock in UTC, with its date: with a time scale it differs from the date of the real clock. */
export function instant(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString().replace('T', ' ').replace('Z', '');
}

/** Time from `nowMs` to an instant: `in 9 min`, `due`, or a dash if there is no instant. */
export function until(atMs: number | null | undefined, nowMs: number): string {
  if (atMs === null || atMs === undefined) return '-';
  return atMs <= nowMs ? 'due' : `in ${span(atMs - nowMs)}`;
}
