/**
 * Keeps what the fault proxy did to PDUs beside the journals, so that a page made of them can name the fault that lost a PDU. Only
 * PDUs on which a fault acted, or that were lost, are written: they are few, and a journal has the others.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PduItem } from '@mtalab/trace';
import type { LabClock } from '@mtalab/transport';
import type { FaultProxy } from '../proxy/fault-proxy.js';

/** Reports in one run. A fault that acts on every PDU would make more than anybody reads. */
const maxReports = 10_000;

/** The file in the folder of a lab. */
export function faultRecordOf(dir: string): string {
  return join(dir, 'faults.jsonl');
}

/**
 * Writes each report as a line. If the file cannot be written, the record ends with a warning, and the lab goes on.
 * @returns a function that ends the record.
 */
export function recordFaults(proxy: FaultProxy, clock: LabClock, file: string): () => void {
  const followed = new Set<number>();
  let left = maxReports;
  const end = proxy.subscribe((pdu) => {
    // A PDU that was held is reported again when it leaves or is lost.
    if (pdu.fate === 'passed' && pdu.fault === null && !followed.has(pdu.seq)) return;
    if (pdu.fate === 'held') followed.add(pdu.seq);
    else followed.delete(pdu.seq);
    const item: PduItem = { k: 'pdu', t: clock.nowMs(), pdu };
    try {
      appendFileSync(file, `${JSON.stringify(item)}\n`, { mode: 0o600 });
    } catch (error) {
      process.emitWarning(
        `${file} cannot be written, so pages of these journals will not name faults: ${(error as Error).message}`,
      );
      end();
    }
    left -= 1;
    if (left === 0) end();
  });
  return end;
}
