/** Renders and writes the result of a load run in each form, and reads it back. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { LoadResult } from '@mtalab/harness';
import { parseLoadJson, renderHlog, renderLoadHtml, renderLoadJson } from '@mtalab/load-report';
import { CliError, messageOf, UsageError } from '../errors.js';
import { type Paint, paint } from '../render/colours.js';
import { renderLoadText } from '../render/load.js';

/** The forms of a report, as `--report` names them. */
export const loadReportFormats = ['text', 'json', 'hlog', 'html'] as const;
/** The form of a report. */
export type LoadReportFormat = (typeof loadReportFormats)[number];

const formatByExtension: Readonly<Record<string, LoadReportFormat>> = {
  '.txt': 'text',
  '.json': 'json',
  '.hlog': 'hlog',
  '.html': 'html',
};

/** Largest file of a result that is read. */
const maxResultBytes = 256 * 2 ** 20;

/** Columns of a text report in a file. */
const fileColumns = 80;

/**
 * The form that a file name asks for by its extension.
 * @throws UsageError for another extension. Ask before a run starts, so that no run ends without its report.
 */
export function loadReportFormatOf(path: string): LoadReportFormat {
  const format = formatByExtension[extname(path).toLowerCase()];
  if (format !== undefined) return format;
  const known = Object.keys(formatByExtension).join(', ');
  throw new UsageError(`cannot tell the form of the report ${path} from its name; end it with one of ${known}`);
}

/** The report in one form, without a line end. */
export function renderLoadReport(result: LoadResult, format: LoadReportFormat, style: Paint): string {
  switch (format) {
    case 'text':
      return renderLoadText(result, style);
    case 'json':
      return renderLoadJson(result).trimEnd();
    case 'hlog':
      return renderHlog(result).trimEnd();
    case 'html':
      return renderLoadHtml(result).trimEnd();
  }
}

/**
 * Writes the result of a load run to a file: as text (`.txt`), JSON (`.json`), HdrHistogram log (`.hlog`) or one HTML page with
 * charts (`.html`). An existing file is replaced.
 * @throws an Error that names the file: its extension is another, or it cannot be written.
 */
export async function writeLoadReport(result: LoadResult, path: string): Promise<void> {
  const format = loadReportFormatOf(path);
  await writeReportFile(path, `${renderLoadReport(result, format, paint(false, fileColumns))}\n`);
}

/** @throws CliError naming the file. */
export async function writeReportFile(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (error) {
    throw new CliError(`cannot write the report ${path}: ${messageOf(error)}`);
  }
}

/**
 * Reads the result of a load run from the file of a JSON report.
 * @throws an Error that names the file: it cannot be read, is no result, or has another format version.
 */
export async function readLoadResult(path: string): Promise<LoadResult> {
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > maxResultBytes) throw new Error(`it has ${size} octets, and a result has at most ${maxResultBytes}`);
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new CliError(`cannot read ${path}: ${messageOf(error)}`);
  }
  return parseLoadJson(text, path);
}
