/** A journal run through the core once more: what each side believed at every PDU it sent or received. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import {
  believes,
  describePdu,
  type Effect,
  type Input,
  type Mta,
  type Pdu,
  type Recovered,
  type MtaConfig,
  start,
  step,
  type TurnSide,
} from '@mtalab/mta-core';
import { HarnessError } from '../process/errors.js';

/** One line of a journal. */
export type JournalEntry = {
  readonly t: number;
  readonly node: string;
  readonly n: number;
  readonly input: Input | { readonly type: 'start'; readonly config: MtaConfig; readonly recovered: Recovered };
  readonly effects: readonly Effect[];
};

/** A PDU at one end: sent or received, and what that end believed of the Turn right after. */
export type PduMoment = {
  readonly tMs: number;
  readonly direction: 'sent' | 'received';
  readonly text: string;
  /** The association the connection belonged to, where it did. */
  readonly association: string | null;
  readonly believes: TurnSide | null;
};

/**
 * The lines of a journal file.
 * @throws HarnessError naming the line that cannot be read.
 */
export async function* readJournal(file: string): AsyncIterable<JournalEntry> {
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    number += 1;
    if (line === '') continue;
    let parsed: unknown;
    try {
      parsed = JSON.parse(line);
    } catch (error) {
      throw new HarnessError(`${file}:${number}: this line is no JSON (${(error as Error).message})`);
    }
    if (typeof parsed === 'object' && parsed !== null && 'input' in parsed) yield parsed as JournalEntry;
  }
}

/** What one MTA sent and received, in its own order, with its beliefs. */
export async function momentsOf(file: string): Promise<readonly PduMoment[]> {
  const moments: PduMoment[] = [];
  let mta: Mta | null = null;
  for await (const entry of readJournal(file)) {
    const before: Mta | null = mta;
    const { input } = entry;
    if (input.type === 'start') mta = start(input.config, input.recovered, entry.t).mta;
    else if (before !== null) mta = step(before, input, entry.t).mta;
    if (mta === null) throw new HarnessError(`${file}: the journal does not begin with a start`);
    const note = (direction: PduMoment['direction'], conn: number, pdu: Pdu): void => {
      const at = locate(mta as Mta, conn) ?? (before === null ? null : locate(before, conn));
      moments.push({ tMs: entry.t, direction, text: describePdu(pdu), association: at?.name ?? null, believes: at?.side ?? null });
    };
    if (input.type === 'pdu') note('received', input.conn, input.pdu);
    for (const effect of entry.effects) if (effect.type === 'pdu') note('sent', effect.conn, effect.pdu);
  }
  return moments;
}

/** The association a connection belongs to, and whose Turn its side believes it to be. */
function locate(mta: Mta, conn: number): { readonly name: string; readonly side: TurnSide } | null {
  const owner = mta.rpc.connections.find((connection) => connection.id === conn)?.owner ?? null;
  if (owner === null) return null;
  const association = mta.ltab[owner.entry - 1]?.associations.find((each) => each.id === owner.association);
  return association === undefined ? null : { name: association.name, side: believes(association.turn) };
}
