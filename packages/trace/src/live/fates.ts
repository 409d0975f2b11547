/** Tells the lines of a ladder that was made from journals what the fault proxy did to their PDUs. */
import { describeFrame } from '@mtalab/mta-core';
import { isNote, type LadderLine } from '../ladder/line.js';
import type { LinkPdu } from '../ladder/link-pdu.js';

/** The latest report of each PDU that did not pass, or that a fault acted on. */
function marked(pdus: readonly LinkPdu[]): ReadonlyMap<number, LinkPdu> {
  const latest = new Map<number, LinkPdu>();
  for (const pdu of pdus) latest.set(pdu.seq, pdu);
  return new Map([...latest].filter(([, { fate, fault }]) => fate !== 'passed' || fault !== null));
}

/**
 * Puts the fate and the fault into the lines of PDUs that have not arrived. The latest line goes with the latest report: an
 * association sends the same PDU again and again.
 */
export function withFates(lines: readonly LadderLine[], pdus: readonly LinkPdu[]): readonly LadderLine[] {
  const reports = [...marked(pdus).values()].map((pdu) => ({ pdu, text: describeFrame(pdu), used: false })).reverse();
  if (reports.length === 0) return lines;
  const result = [...lines];
  for (let at = lines.length - 1; at >= 0; at -= 1) {
    const line = lines[at] as LadderLine;
    if (isNote(line)) continue;
    const report = reports.find(
      ({ pdu, text, used }) =>
        !used && text === line.text && pdu.from === line.from && (line.fate === 'lost' || pdu.fate === 'passed'),
    );
    if (report === undefined) continue;
    report.used = true;
    const { fate, fault } = report.pdu;
    result[at] = { ...line, fate: fate === 'passed' ? line.fate : fate, fault };
  }
  return result;
}
