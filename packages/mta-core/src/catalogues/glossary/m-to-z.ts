/** The words of the field, M to Z. */
import type { Term } from './term.js';

export const termsMToZ: readonly Term[] = [
  {
    names: ['MINOR SYNC'],
    short: 'a checkpoint behind a segment; its ACK is the confirm',
    text: 'The PDU of the session that marks a checkpoint behind a segment on the X.400 connector. MINOR SYNC ACK is the confirmation of that segment.',
    source: 'X.225 8.8',
  },
  {
    names: ['Monologue'],
    text: 'The dialogue mode in which the initial holder of the Turn keeps it. The opposite is _two-way alternate_.',
    source: 'X.218',
  },
  {
    names: ['MTA'],
    text: 'Message transfer agent: a program that stores messages and passes each one on to a mailbox or to the next MTA.',
    source: 'X.400',
  },
  {
    names: ['MtaBind', 'MtaBindBack', 'MtaSend', 'MtaUnBind', 'MtaUnBindBack'],
    also: ['MtaBind-answer', 'MtaBindBack-answer', 'MtaSend-answer', 'MtaUnBind-answer', 'MtaUnBindBack-answer'],
    short: 'opens an association, or its way back',
    text: 'The five RPC operations of the LAN link: open, open the way back, carry an APDU, close, close the way back.',
    source: '[lan-link.md](protocol/lan-link.md#operations)',
  },
  {
    names: ['MTS identifier'],
    text: 'The world-wide name of a message. All copies of the message have the same one.',
    source: 'X.411 8.5.2',
  },
  {
    names: ['Mutant'],
    text: 'A fault planted in the core by a patch, to show that the rules find it.',
    source: 'Own; [mutants.md](verification/mutants.md)',
  },
  {
    names: ['Non-delivery report'],
    also: ['NDR'],
    text: 'Mail that tells an originator that a message was not delivered, and why.',
    source: 'X.411 8.3.1.2; RFC 3464',
  },
  {
    names: ['Open failure'],
    text: 'A failed attempt to open an association. After Num-Of-Open-Retries further attempts the MTA reports on every queued message.',
    source: 'Q280449; event 289',
  },
  {
    names: ['Open Interval'],
    also: ['Open-Retry-Interval'],
    text: 'The wait between an open failure and the next attempt, 600 seconds by default.',
    source: 'Open-Retry-Interval; event 301',
  },
  {
    names: ['PDU'],
    text: 'Protocol data unit. Here it is one unit of DCE/RPC, such as a bind or a request.',
    source: 'C706 12',
  },
  {
    names: ['Peer'],
    text: 'The MTA at the other side, seen from one MTA. In a configuration file `peers` are the adjacent MTAs.',
    source: 'Own',
  },
  {
    names: ['Please', 'Give'],
    text: 'Short for Turn-Please and Turn-Give.',
    source: null,
  },
  {
    names: ['Priority'],
    also: ['urgent', 'normal', 'non-urgent'],
    text: 'Urgent, normal or non-urgent. Each has its own queue, and an association carries the most urgent message first.',
    source: 'X.411 14.3.4',
  },
  {
    names: ['Protocol error'],
    text: 'An arrival that the rules exclude, such as a Turn-Please at a side without the Turn. It aborts the association on both sides.',
    source: 'X.228 7',
  },
  {
    names: ['Quirk'],
    text: 'A documented bug as this product has it: one article number, and the decisions that it overrides.',
    source: 'Own; [articles](articles/README.md)',
  },
  {
    names: ['Recovery'],
    short: 'reopens a lost association; each has a number',
    text: 'The reopening of a lost association by its initiator, with the same name and a higher recovery number. The recovering RTORQ says whose Turn it is.',
    source: 'X.228 7.7; [rules.md](protocol/rules.md#the-turn-after-a-loss)',
  },
  {
    names: ['Recovery Timeout'],
    also: ['RTS-Recovery-Timeout'],
    text: 'How long checkpoints of an interrupted transfer are kept, 60 seconds by default. After that the message starts again.',
    source: 'RTS-Recovery-Timeout',
  },
  {
    names: ['Refuse'],
    short: 'the receiver does not take this transfer, for the reason given',
    text: 'The answer of a receiver that does not take a transfer, with its reason, such as full queues. The sender waits for the Transfer Interval and tries again.',
    source: 'X.228 7.3; [rules.md](protocol/rules.md#associations)',
  },
  {
    names: ['Release profile'],
    text: 'A release of Exchange on a Windows NT with its service pack. It resolves to the articles that this combination had.',
    source: 'Own; [releases.md](releases.md)',
  },
  {
    names: ['Responder'],
    text: 'The MTA that was called when an association opened. It never recovers the association; it keeps a lost one for Disconnect.',
    source: 'X.228 7.1',
  },
  {
    names: ['Route'],
    text: 'A rule that sends mail for a domain to an adjacent MTA.',
    source: 'Exchange; [configuration.md](configuration.md)',
  },
  {
    names: ['RPC runtime'],
    text: 'The part of Windows NT that keeps connections, association groups and calls. The core has it as a pure machine, because Q181721 is its bug.',
    source: 'C706, MS-RPCE 3.3',
  },
  {
    names: ['RTAB'],
    short: 'aborts the association',
    text: 'The APDU that aborts an association.',
    source: 'X.228',
  },
  {
    names: ['RTOAC'],
    short: 'accepts an opening or a recovery',
    text: 'The APDU that accepts an opening or a recovery.',
    source: 'X.228 7.1',
  },
  {
    names: ['RTORJ'],
    short: 'refuses an opening or a recovery',
    text: 'The APDU that refuses an opening or a recovery, with a reason such as rtsBusy or cannotRecover.',
    source: 'X.228 7.1',
  },
  {
    names: ['RTORQ'],
    short: 'asks to open or to recover an association, and says whose Turn it is',
    text: 'The APDU that asks to open or to recover an association. It carries the checkpoint size, the window size, the dialogue mode and the Turn.',
    source: 'X.228 7.1, 7.7',
  },
  {
    names: ['RTSE'],
    text: 'Reliable Transfer Service Element: the OSI protocol for associations, the Turn and transfers.',
    source: 'X.218, X.228',
  },
  {
    names: ['RTTP'],
    text: 'The APDU of a Turn-Please. Faults and ladders call it `turn-please`.',
    source: 'X.228 7.4',
  },
  {
    names: ['RTTR'],
    short: 'carries one segment of a message',
    text: 'The APDU that carries one segment of a transfer.',
    source: 'X.228 7.3',
  },
  {
    names: ['Rule'],
    text: 'A sentence that must always hold. The simulator and the checker look for states that break it.',
    source: 'Own; [simulator.md](verification/simulator.md#rules)',
  },
  {
    names: ['Scenario'],
    text: 'A story with an expected end, as a YAML file. It runs on virtual time and on real processes.',
    source: 'Own; [scenarios.md](scenarios.md)',
  },
  {
    names: ['Segment'],
    text: 'The part of a message between two checkpoints. One RTTR carries one segment.',
    source: 'X.228 7.3',
  },
  {
    names: ['Settled'],
    short: 'copies whose confirmation the sender has on disk, so the receiver may forget them',
    text: 'Said of a copy whose confirmation the sender has on disk. The sender names settled copies in a later APDU, so that the receiver may forget their activity ids.',
    source: 'Own; [rules.md](protocol/rules.md#exactly-once)',
  },
  {
    names: ['Shutdown'],
    text: 'The PDU with which a server asks its client to end the connection.',
    source: 'C706 12.6.4.11',
  },
  {
    names: ['Step'],
    text: 'One call of the core: one input leads to the next state and a list of effects.',
    source: 'Own; `packages/mta-core/src/machine/step.ts`',
  },
  {
    names: ['String binding'],
    text: 'An endpoint as text, such as `ncacn_ip_tcp:127.0.0.1[4097]`. Without a port the caller asks the endpoint mapper of that host.',
    source: 'C706',
  },
  {
    names: ['Stub'],
    text: 'The octets of the arguments or the result inside an RPC request or response.',
    source: 'C706 14',
  },
  {
    names: ['Threshold'],
    also: ['Temp-Assoc-Threshold'],
    text: 'The number of queued messages per association at which an MTA opens one more association, 50 by default.',
    source: 'Temp-Assoc-Threshold; Q166594, Q181721',
  },
  {
    names: ['Tower'],
    text: 'An endpoint in the form that an endpoint mapper uses: five floors for interface, NDR, RPC, TCP port and IPv4 address.',
    source: 'C706 appendix L',
  },
  {
    names: ['Trace information'],
    text: 'The list of MTAs that a message has passed. An MTA that finds itself in the list has found a loop.',
    source: 'X.411',
  },
  {
    names: ['Transfer'],
    text: 'The sending of one message over an association by the holder of the Turn.',
    source: 'X.218 9.3, X.228 7.3',
  },
  {
    names: ['Transfer Interval'],
    also: ['Transfer-Retry-Interval'],
    text: 'The wait after a failed transfer on a living association, 120 seconds by default. A refused data bind also waits this long.',
    source: 'Transfer-Retry-Interval; Q181721',
  },
  {
    names: ['Turn'],
    also: ['mine', 'theirs', 'held', 'asked-of', 'given', 'asking'],
    short: 'the right to send messages; `mine` and `theirs` are what each side believes',
    text: 'The right to transfer on an association. At most one side holds it.',
    source: 'X.218 9.3 to 9.5',
  },
  {
    names: ['Turn-Give'],
    also: ['turn-give-ack'],
    short: 'passes the Turn to the other side',
    text: 'The APDU with which the holder passes the Turn to the other side. The holder lets go when it sends the Turn-Give, not when it is acknowledged.',
    source: 'X.218 9.5, X.228 7.5',
  },
  {
    names: ['Turn-Please'],
    also: ['please-noted'],
    short: 'asks for the Turn, with a priority: 0 to close, 1 urgent, 2 normal, 3 non-urgent',
    text: 'The request for the Turn by the side without it. It carries a priority: 0 to close, 1 urgent, 2 normal, 3 non-urgent.',
    source: 'X.218 9.4, X.228 7.4',
  },
  {
    names: ['Turn-Request-Threshold'],
    text: 'The number of transfers that the holder may still make after a Turn-Please.',
    source: 'Exchange; [configuration.md](configuration.md#settings)',
  },
  {
    names: ['Two-way alternate'],
    text: 'The dialogue mode in which the Turn can pass from side to side.',
    source: 'X.218; event 55',
  },
  {
    names: ['Virtual time'],
    text: 'A clock that jumps to the next event instead of waiting. The simulator and scenarios run on it.',
    source: 'Own; [scenarios.md](scenarios.md)',
  },
  {
    names: ['Window'],
    also: ['RTS-Window-Size'],
    text: 'The number of segments of one transfer that may be without a confirmation, 5 by default.',
    source: 'RTS-Window-Size; X.228 7.3',
  },
  {
    names: ['X.400 connector'],
    text: "Exchange's other kind of link between MTAs, over OSI session and transport. MTA Lab knows its releases and events, but does not emulate it so far.",
    source: 'Q232602',
  },
];
