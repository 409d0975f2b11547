/**
 * The error numbers that events carry. Most are Windows NT's. Some are codes of the MTA, which stand where events say "Windows NT
 * error", and some are codes of the MTA's own connection layer.
 */
import type { EventId } from './parameters.js';

export type ErrorEntry = {
  /** Who defines the number: Windows NT (with Winsock), the MTA, or the MTA's own connection layer. */
  readonly of: 'Windows NT' | 'MTA' | 'connection layer';
  /** What the number says, without a full stop. */
  readonly text: string;
  /** What the number means to an MTA, in plain words. */
  readonly explanation: string;
  /**
   * The events that can carry the number, in ascending order. For Windows NT: the events that this MTA logs if the RPC server
   * keeps to the protocol, be it an MTA or not. For the others: the events on record. Empty if no event carries the number.
   */
  readonly events: readonly EventId[];
  /** Knowledge Base articles in which an MTA logs it. */
  readonly articles: readonly string[];
};

const ownCode = 'code of the connection layer of the MTA (no Windows NT error)';

const mtaCode = 'code of the MTA (no Windows NT error)';

/** The error numbers that are known here. */
export const errorsByNumber: Readonly<Record<number, ErrorEntry>> = {
  0: {
    of: 'Windows NT',
    text: 'no error',
    explanation:
      'The step that the number belongs to worked; in event 9411 the check for free space worked and found too little.',
    events: [],
    articles: [],
  },
  5: {
    of: 'Windows NT',
    text: 'access denied',
    explanation:
      'The RPC server at the other end refused the call. An MTA that refuses a call back also answers with it; that refusal is event 1293, which lacks the number. In 9321: this user may not listen on that port.',
    events: [9316, 9318, 9321, 9322, 9323],
    articles: [],
  },
  14: {
    of: 'Windows NT',
    text: 'out of memory',
    explanation:
      'This machine has no room for another connection: too many are open, or memory is short. In 9321: it has no room for the listener.',
    events: [9316, 9318, 9321, 9322],
    articles: [],
  },
  1330: {
    of: 'Windows NT',
    text: 'the password of the account has expired',
    explanation:
      'Exchange MTAs in domains that do not trust each other log on with an account; its password must not expire. MTAs here compare one plain password and log event 51 instead.',
    events: [],
    articles: ['Q225196'],
  },
  1717: {
    of: 'Windows NT',
    text: 'the RPC interface is unknown',
    explanation: 'Something listens there and speaks RPC, but it is not an MTA.',
    events: [9316, 9318, 9322, 9323],
    articles: [],
  },
  1722: {
    of: 'Windows NT',
    text: 'the RPC server is unavailable',
    explanation: 'No connection was made: nothing listens there, or the network does not lead there from the binding used.',
    events: [9316, 9318, 9322],
    articles: ['Q280449', 'Q170056', 'Q261251', 'Q279537'],
  },
  1723: {
    of: 'Windows NT',
    text: 'the RPC server is too busy',
    explanation: 'The other MTA has reached its limit of connections or calls; this MTA tries again later.',
    events: [9316, 9318, 9322, 9323],
    articles: [],
  },
  1726: {
    of: 'Windows NT',
    text: 'the RPC call failed; it may have run',
    explanation: 'The connection was lost before the answer came, so the other MTA may or may not have executed the call.',
    events: [9316, 9318, 9322, 9323],
    articles: [],
  },
  1727: {
    of: 'Windows NT',
    text: 'the RPC call failed and did not run',
    explanation: 'The bind was refused or the call never left, so nothing was handed over and the call can be repeated safely.',
    events: [9316, 9318, 9322, 9323],
    articles: ['Q181721'],
  },
  1728: {
    of: 'Windows NT',
    text: 'a protocol error occurred in RPC',
    explanation: 'The other side sent data that breaks the rules of RPC; this MTA drops the connection.',
    events: [9316, 9318, 9322, 9323],
    articles: [],
  },
  1730: {
    of: 'Windows NT',
    text: 'the RPC transfer syntax is not supported',
    explanation: 'The other side does not speak NDR, the one encoding that MTAs use.',
    events: [9316, 9318, 9322],
    articles: [],
  },
  1740: {
    of: 'Windows NT',
    text: 'the endpoint is a duplicate',
    explanation:
      'At a start: another program listens on that port of that address already. End that program, or choose another port in the configuration.',
    events: [9321],
    articles: [],
  },
  1745: {
    of: 'Windows NT',
    text: 'the RPC operation number is out of range',
    explanation: 'The other side does not know the operation that was called.',
    events: [9316, 9318, 9322, 9323],
    articles: [],
  },
  1752: {
    of: 'Windows NT',
    text: 'the endpoint mapper cannot do this',
    explanation: 'The endpoint mapper of the other host did not understand the query for the address of the MTA.',
    events: [9318, 9322],
    articles: [],
  },
  1753: {
    of: 'Windows NT',
    text: 'there are no more endpoints available from the endpoint mapper',
    explanation: 'The endpoint mapper of the other host answers, but no MTA is registered with it.',
    events: [9318, 9322],
    articles: [],
  },
  1783: {
    of: 'Windows NT',
    text: 'the RPC stub got bad data',
    explanation: 'The arguments or results of a call could not be read.',
    events: [9316, 9318, 9322, 9323],
    articles: ['Q181513'],
  },
  1818: {
    of: 'Windows NT',
    text: 'the RPC call was cancelled',
    explanation: 'No answer came within two minutes, and this side cancelled the call; see event 9277.',
    events: [9322, 9323],
    articles: ['Q189494'],
  },
  8453: {
    of: 'connection layer',
    text: ownCode,
    explanation: 'Event 4282 carries it: the protocol between two layers of the MTA was violated.',
    events: [4282],
    articles: ['Q254818', 'Q306959'],
  },
  8464: {
    of: 'connection layer',
    text: ownCode,
    explanation:
      'Event 4283 carries it: an internal message is for a control block that no longer exists; event 1209 says the same.',
    events: [4283],
    articles: ['Q306959', 'Q319936'],
  },
  8511: {
    of: 'connection layer',
    text: ownCode,
    explanation: 'Event 4284 carries it: the network below the connector is down.',
    events: [4284],
    articles: ['Q232602', 'Q157630', 'Q254818', 'Q306959'],
  },
  8640: {
    of: 'connection layer',
    text: ownCode,
    explanation: 'Event 4287 carries it, right after a 4284.',
    events: [4287],
    articles: ['Q232602', 'Q254818'],
  },
  8650: {
    of: 'connection layer',
    text: ownCode,
    explanation: 'Event 4287 carries it in some articles, in the place of 8640.',
    events: [4287],
    articles: ['Q306959'],
  },
  9260: {
    of: 'MTA',
    text: mtaCode,
    explanation:
      'It stands in the place of a Windows NT error. No article known here says what it means; the network and the account of the connector are the first things to check.',
    events: [],
    articles: [],
  },
  9301: {
    of: 'MTA',
    text: mtaCode,
    explanation:
      'Event 9316 of a Dynamic RAS Connector carries it, with 289 and 1294: the MTAs could not bind over the line. It is not event 9301.',
    events: [9316],
    articles: ['Q253307'],
  },
  9317: {
    of: 'MTA',
    text: mtaCode,
    explanation:
      'It stands in the place of a Windows NT error. No article known here says what it means; the network and the account of the connector are the first things to check.',
    events: [],
    articles: [],
  },
  10054: {
    of: 'Windows NT',
    text: 'the connection was reset by the other side',
    explanation:
      'The other process ended, or something between the two cut the connection; a cut during a call or a bind of this MTA is 1726 or 1727 instead.',
    events: [9318],
    articles: [],
  },
  10060: {
    of: 'Windows NT',
    text: 'the connection attempt timed out',
    explanation:
      'Nothing answers any more: the host is down, or the network swallows what is sent; a connection that was never made is 1722 instead.',
    events: [9318],
    articles: [],
  },
  10061: {
    of: 'Windows NT',
    text: 'the connection was refused',
    explanation: 'The host answers, but nothing listens on that port; RPC and the events report it as 1722.',
    events: [],
    articles: [],
  },
  11004: {
    of: 'Windows NT',
    text: 'the name is valid but has no data of the type asked for',
    explanation:
      'At a start it means that an adapter cannot serve RPC, for example because it does not have the address; the operating system error beside it says why.',
    events: [9321],
    articles: ['Q285350'],
  },
};

/** What an error number of an event means, in plain words. For an unknown number the words say so. */
export function ntErrorText(error: number): string {
  return errorsByNumber[error]?.text ?? `error ${error}, not known here`;
}
