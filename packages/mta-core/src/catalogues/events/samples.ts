/**
 * Sample parameters of each event, for explanations. A missing one does not compile, and a test compares them with real
 * entries.
 */
import type { EventId, EventParameters, ReportedEvent } from './parameters.js';

const call = { remoteServer: 'MTA-B', callName: 'MtaBind', stringBinding: 'ncacn_ip_tcp:127.0.0.1[4097]' };
const bind = { ltabIndex: 1, ntError: 1722, commsError: 1722, bindError: 1722, remoteServer: 'MTA-B' };
const refusal = { entity: 'MTA-B', provider: 'RTSE', reason: 'rtsBusy (0)', controlBlock: 3, associationType: 'open' };
const message = { object: '1-17', entity: 'MTA-B', priority: 'normal', mtsId: 'c=lab;mta=MTA-A;1-16', length: 1024, count: 1 };

export const sampleParameters: { readonly [Id in EventId]: EventParameters[Id] } = {
  9298: { version: '5.5', build: '2654.54' },
  9299: { version: '5.5', build: '2654.54' },
  9316: { ltabIndex: 1, ntError: 1727 },
  9277: { thread: 22, ltabIndex: 1, timeMs: 120_000, cancelResult: 0, ...call },
  9318: bind,
  9321: { ntError: 11004, address: '::1[4097]', osError: 'EADDRNOTAVAIL' },
  9322: { ...bind, protocolString: 'ncacn_ip_tcp:127.0.0.1[4097]' },
  9323: { ltabIndex: 1, ntError: 1818 },
  9266: {},
  9280: {},
  9156: { networkType: 1, configured: 20 },
  57: { entity: 'MTA-B', limit: 9 },
  289: { entity: 'MTA-B' },
  290: {
    reason: 'transfer-failure',
    diagnostic: 'maximum-time-expired',
    mtsId: 'c=lab;mta=MTA-A;1-16',
    destination: 'ben@b.example',
  },
  301: { entity: 'MTA-B', controlBlock: 2, seconds: 600 },
  1290: refusal,
  1293: { ...refusal, reason: 'cannotRecover (1)', associationType: 'recover' },
  1294: { entity: 'MTA-B', reason: 'its connections were lost' },
  1209: { lpi: '1-16-64', controlBlock: 1 },
  1133: { entity: 'MTA-B', state: 25, serviceType: 5, flavor: 20, controlBlock: 2004 },
  2035: { locality: 2 },
  4282: { protocol: 131, errorCode: 8453 },
  4283: { lpi: '1-3-14', errorCode: 8464 },
  4284: { errorCode: 8511 },
  4287: { errorCode: 8640 },
  51: { mtaName: 'MTA-X', address: '127.0.0.1:40112', association: 1 },
  55: { entity: 'MTA-B', association: 1 },
  2219: {},
  2206: { queue: 'mailboxes', file: 'data/mta.db' },
  2207: { path: 'data/check-0000000001.txt' },
  2152: { path: 'data/check-0000000001.txt' },
  2171: {
    databaseError: 'content 12 does not match its checksum',
    object: '1-17',
    mtsId: 'c=lab;mta=MTA-A;1-16',
  },
  9411: { ntError: 0 },
  271: message,
  272: message,
};

/** An event of this id with the sample parameters. */
export function sampleEvent(id: EventId): ReportedEvent {
  return { id, params: sampleParameters[id] } as ReportedEvent;
}

/** The ids of all events, in ascending order. */
export const eventIds: readonly EventId[] = (Object.keys(sampleParameters).map(Number) as EventId[]).sort((a, b) => a - b);
