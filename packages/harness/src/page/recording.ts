/** One HTML file that holds the page and a recording: it opens from a disk, without a network and without a server. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import type { FeedItem, JournalEntry, PduItem } from '@mtalab/trace';
import { JournalReader } from '@mtalab/trace';
import { faultRecordOf } from '../lab/fault-record.js';
import { HarnessError } from '../process/errors.js';
import { linesOf } from '../scenario/journal-file.js';
import { packedOctets } from './recorded-octets.js';
import type { StaticFile } from './static-files.js';

/** Steps of all journals of one recording. A browser must run them all again when it opens the page. */
const maxSteps = 200_000;

/** What was read, in the order of lab time. */
export type Recording = { readonly items: readonly FeedItem[]; readonly remarks: readonly string[] };

function timeOf(item: FeedItem): number {
  return item.k === 'step' ? item.entry.t : item.t;
}

/** A line of a fault record; null for any other. */
function pduIn(line: string): PduItem | null {
  if (!line.startsWith('{"k":"pdu"')) return null;
  try {
    return JSON.parse(line) as PduItem;
  } catch {
    // The end of a file that was being written.
    return null;
  }
}

/** The fault record of the lab whose journals these are, where it is at hand. */
function faultRecordsBeside(files: readonly string[]): readonly string[] {
  const found = files.map((file) => faultRecordOf(resolve(dirname(file), '..', '..')));
  return [...new Set(found)].filter((file) => existsSync(file) && !files.some((each) => resolve(each) === file));
}

/**
 * Reads journals, and what the fault proxy did to their PDUs: a fault record among the files, or the one in the folder of the lab.
 * @throws JournalError; HarnessError if they are too long for a page: more than `most` steps.
 */
export async function readRecording(files: readonly string[], most = maxSteps): Promise<Recording> {
  const steps: JournalEntry[] = [];
  const pdus: PduItem[] = [];
  const remarks: string[] = [];
  for (const file of [...files, ...faultRecordsBeside(files)]) {
    const reader = new JournalReader(file);
    for await (const line of linesOf(file)) {
      const pdu = pduIn(line);
      if (pdu !== null) pdus.push(pdu);
      const located = reader.take(pdu === null ? line : '');
      if (located === null) continue;
      steps.push(located.entry);
      if (steps.length > most)
        throw new HarnessError(`${file}: more than ${most} steps, too many for a page; cut the journal short`);
    }
    reader.end();
    remarks.push(...reader.remarks);
  }
  if (steps.length === 0) throw new HarnessError(`there is no step in ${files.join(', ')}`);
  // The sort is stable: each MTA keeps the order of its steps.
  const items = [...steps.map((entry): FeedItem => ({ k: 'step', entry })), ...pdus];
  return { items: items.sort((one, other) => timeOf(one) - timeOf(other)), remarks };
}

function digestOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

/** Nothing in the data may end its element. */
function inScript(text: string): string {
  return text.replaceAll('<', '\\u003c');
}

/**
 * The page as one file. Its policy names the digests of its own script and style: nothing else runs.
 * @param files of the built page.
 * @param items of the recording, as JSON.
 */
export function recordingPage(files: ReadonlyMap<string, StaticFile>, items: Iterable<string>, title: string): string {
  const script = textOf(files, '/page.js').replaceAll('</script', '<\\/script');
  const style = textOf(files, '/index.css');
  const policy = `default-src 'none'; script-src ${digestOf(script)}; style-src ${digestOf(style)}; img-src data:; base-uri 'none'; form-action 'none'`;
  const json = [...items];
  const lines = json.map(inScript);
  const escaped = title.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8" />',
    `<meta http-equiv="content-security-policy" content="${policy}" />`,
    '<meta name="viewport" content="width=device-width, initial-scale=1" />',
    '<meta name="color-scheme" content="light dark" />',
    `<title>${escaped}</title>`,
    `<style>${style}</style></head>`,
    `<body data-title="${escaped}"><div id="page"></div>`,
    `<script type="application/json" id="recording">\n${lines.join('\n')}\n</script>`,
    `<script type="text/plain" id="octets">${packedOctets(json)}</script>`,
    `<script type="module">${script}</script></body></html>`,
    '',
  ].join('\n');
}

function textOf(files: ReadonlyMap<string, StaticFile>, name: string): string {
  const file = files.get(name);
  if (file === undefined) throw new HarnessError(`the page is not built: ${basename(name)} is missing; run \`npm run build\``);
  return file.body.toString('utf8');
}

/** Writes a file that is not there yet. @throws HarnessError if it is there and may not be replaced, or cannot be written. */
export async function writePage(file: string, html: string, replace: boolean): Promise<void> {
  try {
    const handle = await open(file, replace ? 'w' : 'wx');
    await handle.writeFile(html);
    await handle.close();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new HarnessError(`${file} is there already; give another name, or --force to replace it`);
    throw new HarnessError(`${file} cannot be written: ${message}`, { cause });
  }
}
