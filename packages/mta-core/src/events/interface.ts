/** Events of the LAN link (Interface) and of tables that fill up (Resource). */
import { type EventCatalogue, originOf } from './entry.js';

/** A string binding in full, as the entries on record have it: endpoints may be configured without their protocol. */
function withProtocol(binding: string): string {
  return binding.startsWith('ncacn_') ? binding : `ncacn_ip_tcp:${binding}`;
}

export const interfaceEvents = {
  9316: {
    type: 'Warning',
    category: 'Interface',
    severity: 12,
    level: 0,
    origin: originOf('BASE IL', 'KERNEL', 24, 512),
    labels: { ltabIndex: 'LTAB index', ntError: 'Windows NT error' },
    says: 'RPC communications error: nothing went out over the connection, which the MTA will try to recover',
    explanation:
      'A connection of an association could not be made or used; with error 1727 the peer refused its bind and no mail was handed over.',
    articles: ['Q181721'],
  },
  9277: {
    type: 'Warning',
    category: 'Interface',
    severity: 14,
    level: 0,
    origin: originOf('BASE IL', null, null, null),
    lead: (params) => [params.remoteServer, params.callName, withProtocol(params.stringBinding)],
    labels: {
      thread: 'Thread',
      ltabIndex: 'LTAB index',
      timeMs: 'Time (ms)',
      cancelResult: 'Cancel result',
      remoteServer: 'Remote server',
      callName: 'Call',
      stringBinding: 'String binding',
    },
    says: 'An RPC call that had no answer for two minutes was cancelled',
    explanation:
      'The other MTA, or the network on the way, took the call and never answered; look at whether its answers can reach this host.',
    articles: ['Q181721', 'Q189494'],
  },
  9318: {
    type: 'Warning',
    category: 'Interface',
    severity: 14,
    level: 0,
    origin: originOf(null, 'MAIN BASE', 1, 500),
    labels: {
      ltabIndex: 'LTAB index',
      ntError: 'Windows NT/MTA error',
      commsError: 'Comms error',
      bindError: 'Bind error',
      remoteServer: 'Remote server name',
    },
    says: 'RPC communications error: the bind to the other MTA failed',
    explanation:
      'No connection to that MTA could be made on any of the bindings tried; it is tried again after the Open Interval.',
    articles: ['Q280449'],
  },
  9321: {
    type: 'Warning',
    category: 'Interface',
    severity: 14,
    level: 0,
    origin: originOf('BASE IL', 'MAIN BASE', 1, 504),
    labels: { ntError: 'Windows NT error', address: 'Address', osError: 'Operating system error' },
    says: 'RPC communications error: an address of this MTA could not be listened on',
    explanation:
      'Nobody can reach this MTA on that address until the cause, named by the operating system error, is removed and the MTA is started again.',
    articles: ['Q285350', 'Q280449'],
  },
  9322: {
    type: 'Warning',
    category: 'Interface',
    severity: 14,
    level: 0,
    origin: originOf('BASE IL', 'INCOMING RPC', 39, 507),
    labels: {
      ltabIndex: 'LTAB index',
      ntError: 'Windows NT/MTA error',
      commsError: 'Comms error',
      bindError: 'Bind error',
      remoteServer: 'Remote server name',
      protocolString: 'Protocol string',
    },
    says: 'The call back to the MTA that opens an association (MtaBindBack) failed',
    explanation:
      'The other MTA reached this one, but this one cannot reach it on the endpoints it named; check that those are right and open.',
    articles: [],
  },
  9323: {
    type: 'Warning',
    category: 'Interface',
    severity: 14,
    level: 0,
    origin: originOf('BASE IL', 'MAIN BASE', 5, 519),
    labels: { ltabIndex: 'LTAB index', ntError: 'Windows NT/MTA error' },
    says: 'The call back to the MTA that closes an association (MtaUnBindBack) failed',
    explanation: 'The association is closed here all the same; the other MTA notices when its connections go.',
    articles: [],
  },
  9266: {
    type: 'Error',
    category: 'Interface',
    severity: 16,
    level: 0,
    origin: originOf('BASE IL', 'MAIN BASE', 1, 173),
    lead: () => [4],
    labels: {},
    says: 'A fatal error while the MTA was initializing: it cannot start',
    explanation: 'The entry before this one names what failed; the process ends, and its next start finds an unclean shutdown.',
    articles: ['Q285350', 'Q280449'],
  },
  9280: {
    type: 'Warning',
    category: 'Resource',
    severity: 12,
    level: 0,
    origin: null,
    labels: { associations: 'Associations' },
    says: 'The locality table has no room for another association',
    explanation: 'All LAN associations that this MTA may have are in use; mail waits until one of them closes.',
    articles: [],
  },
  9156: {
    type: 'Warning',
    category: 'Resource',
    severity: 10,
    level: 0,
    origin: originOf('BASE IL', 'MAIN BASE', 1, 282),
    labels: { networkType: 'Network type', configured: 'Control blocks configured' },
    says: 'No control block is free for this type of network',
    explanation:
      'Every control block of the network type (1 TCP/IP, 5 RPC) is taken; if few connections are up, some were not released.',
    articles: ['Q193894', 'Q229643'],
  },
} as const satisfies Partial<EventCatalogue>;
