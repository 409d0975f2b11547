/** Renders the fields of an APDU as short lines. Hides passwords, and shows only the length of content. */
import {
  type CarriedApdu,
  describeActivity,
  type MtaCredentials,
  printable,
  type RpcArgument,
  type RpcResult,
  type Rttr,
  type TransferEnvelope,
} from '@mtalab/mta-core';
import type { StubPdu } from '@mtalab/transport';

/** Longest list that is shown in full. */
const maxListed = 16;

const flag = (value: boolean): string => (value ? 'yes' : 'no');
export const indented = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);

/** A line for each item, such as `Recipient a`, and how many more there are. */
function listed(label: string, items: readonly string[], more: string): string[] {
  const lines = items.slice(0, maxListed).map((item) => `${label} ${printable(item)}`);
  return items.length > maxListed ? [...lines, `${items.length - maxListed} more ${more}`] : lines;
}

function isoTime(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString();
}

export function credentialLines(from: MtaCredentials): string[] {
  return [
    `MTA ${printable(from.mtaName)}`,
    `Password ${from.password === '' ? 'none' : 'not shown'}`,
    `Incarnation ${from.incarnation}`,
    `Store ${printable(from.storeUuid)}`,
    `Settled below ${describeActivity(from.settledBelow)}`,
  ];
}

export function envelopeLines(envelope: TransferEnvelope): string[] {
  return [
    `MTS-ID ${printable(envelope.mtsId)}`,
    `Originator ${printable(envelope.originator)}`,
    `Priority ${envelope.priority}`,
    `Content type ${printable(envelope.contentType)}`,
    `Submitted ${isoTime(envelope.submittedAtMs)}`,
    `Size ${envelope.sizeBytes} octets`,
    ...listed('Recipient', envelope.recipients, 'recipients'),
    ...listed(
      'Trace',
      envelope.trace.map(({ mta, atMs }) => `${mta} ${isoTime(atMs)}`),
      'trace entries',
    ),
  ];
}

function rttrLines(apdu: Rttr): string[] {
  const { activity, offset, content, last, start } = apdu;
  const lines = [
    `Activity ${describeActivity(activity)}`,
    `Offset ${offset}`,
    `Content ${content.length} octets`,
    `Last ${flag(last)}`,
  ];
  return start === undefined ? lines : [...lines, 'Envelope', ...indented(envelopeLines(start))];
}

/** Names of the APDUs. X.218 and X.228 name some of them. */
const names: Readonly<Record<CarriedApdu['kind'], string>> = {
  rtorq: 'RTORQ',
  rtoac: 'RTOAC',
  rtorj: 'RTORJ',
  rttr: 'RTTR',
  'turn-please': 'RTTP (turn please)',
  'turn-give': 'Turn give',
  rtab: 'RTAB',
  discard: 'Discard',
  'please-noted': 'Please noted',
  'turn-give-ack': 'Turn give acknowledged',
  confirm: 'Confirm',
  refuse: 'Refuse',
  discarded: 'Discarded',
  close: 'Close',
  'close-ack': 'Close acknowledged',
};

function activitiesLine({ activitiesInFlight }: { readonly activitiesInFlight?: number }): string[] {
  return activitiesInFlight === undefined ? [] : [`Activities in flight ${activitiesInFlight}`];
}

function fieldsOf(apdu: CarriedApdu): string[] {
  switch (apdu.kind) {
    case 'rtorq':
      return [
        `Checkpoint size ${apdu.checkpointSizeK} K`,
        `Window size ${apdu.windowSize}`,
        ...activitiesLine(apdu),
        `Dialogue mode ${apdu.dialogueMode}`,
        `Turn ${apdu.turn}`,
        `Recovery ${apdu.recovery}`,
      ];
    case 'rtoac':
      return [`Checkpoint size ${apdu.checkpointSizeK} K`, `Window size ${apdu.windowSize}`, ...activitiesLine(apdu)];
    case 'rtorj':
    case 'rtab':
      return [`Reason ${apdu.reason}`];
    case 'rttr':
      return rttrLines(apdu);
    case 'turn-please':
      return [`Priority ${apdu.priority}`];
    case 'confirm':
      return [`Activity ${describeActivity(apdu.activity)}`, `Kept up to ${apdu.upTo}`, `Stored ${flag(apdu.stored)}`];
    case 'refuse':
    case 'discard':
      return [`Activity ${describeActivity(apdu.activity)}`, `Reason ${apdu.reason}`];
    case 'discarded':
      return [`Activity ${describeActivity(apdu.activity)}`];
    case 'please-noted':
    case 'turn-give':
    case 'turn-give-ack':
    case 'close':
    case 'close-ack':
      return [];
  }
}

export function apduLines(apdu: CarriedApdu): string[] {
  return [names[apdu.kind], ...indented(fieldsOf(apdu))];
}

export function settledLines(settled: readonly number[]): string[] {
  return listed('Settled', settled.map(describeActivity), 'settled');
}

function argumentLines(body: RpcArgument): string[] {
  switch (body.op) {
    case 'MtaBind':
      return [...credentialLines(body.from), ...listed('Endpoint', body.endpoints, 'endpoints'), ...apduLines(body.rtorq)];
    case 'MtaBindBack':
      return [...credentialLines(body.from), `Recovery ${body.recovery}`];
    case 'MtaSend':
    case 'MtaUnBind':
      return [...apduLines(body.apdu), ...settledLines(body.settled)];
    case 'MtaUnBindBack':
      return apduLines(body.apdu);
  }
}

function resultLines(body: RpcResult): string[] {
  switch (body.op) {
    case 'MtaBind':
      return [...credentialLines(body.from), ...apduLines(body.apdu)];
    case 'MtaBindBack':
      return [`Accepted ${flag(body.accepted)}`];
    case 'MtaSend':
    case 'MtaUnBind':
    case 'MtaUnBindBack':
      return apduLines(body.apdu);
  }
}

/** The fields in the stub of a call or an answer, one in each line. */
export function stubLines(pdu: StubPdu): readonly string[] {
  const { body } = pdu;
  if (body.op === 'bad') return [`Unreadable: ${printable(body.detail)}`];
  if (body.op === 'unread') return ['Unknown operation'];
  return pdu.type === 'request' ? argumentLines(body as RpcArgument) : resultLines(body as RpcResult);
}
