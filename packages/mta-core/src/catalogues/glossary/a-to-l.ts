/** The words of the field, A to L. */
import type { Term } from './term.js';

export const termsAToL: readonly Term[] = [
  {
    names: ['Activity'],
    short: 'the transfer of one copy; its number is durable',
    text: 'One transfer of one copy over an association, from its start to the confirmation of its end. An association carries one activity at a time.',
    source: 'X.218 9.3, X.228 7.3',
  },
  {
    names: ['Activity id'],
    short: 'the number of a copy, the same on every association',
    text: 'The number of a copy. It is durable and the same on every association, so a receiver recognises a copy that comes a second time.',
    source: 'Own; [rules.md](protocol/rules.md#exactly-once)',
  },
  {
    names: ['Adjacent MTA'],
    text: 'An MTA that this MTA talks to directly, without another one in between. It has an entry in the locality table.',
    source: 'Exchange',
  },
  {
    names: ['alter_context'],
    also: ['alter_context_resp'],
    text: 'The PDU that names a further interface on a connection that is bound already. The server answers alter_context_resp.',
    source: 'C706 12.6.4.1, 12.6.4.2',
  },
  {
    names: ['APDU'],
    text: 'Application protocol data unit: one message of the reliable transfer protocol, such as RTORQ or RTTR. On the LAN link an APDU travels inside an RPC call or its answer.',
    source: 'X.228; [lan-link.md](protocol/lan-link.md)',
  },
  {
    names: ['Article'],
    text: "A page of Microsoft's Knowledge Base, such as Q166594. Here it often means the bug that the page describes.",
    source: '[articles](articles/README.md)',
  },
  {
    names: ['Association'],
    text: 'A lasting conversation between two adjacent MTAs that carries messages. It keeps its name over every recovery, while its network connections come and go.',
    source: 'X.218, X.228 7.1',
  },
  {
    names: ['Association group'],
    also: ['group'],
    short: 'the connections of one client to one server that belong together; 0 founds a group, another number joins it',
    text: 'The connections of one client to one server of DCE/RPC that belong together. The first bind names group 0 and receives a number; a later bind joins with that number. A server keeps its groups per listening address.',
    source: 'C706, MS-RPCE 3.3.1',
  },
  {
    names: ['Association state'],
    also: ['opening', 'answering', 'open', 'lost', 'closing', 'dialling', 'calling', 'dialling-back', 'calling-back'],
    text: 'How far an association has come at one side: opening (at the initiator) or answering (at the responder), then open, lost, or closing. The views show how far an opening has come: dialling, calling, dialling-back or calling-back.',
    source: 'Own; [ARCHITECTURE.md](ARCHITECTURE.md)',
  },
  {
    names: ['Behaviour'],
    text: 'The set of answers at the decision points. `corrected` answers as the standards and the corrected builds do; a quirk overrides some answers.',
    source: 'Own; [ARCHITECTURE.md](ARCHITECTURE.md)',
  },
  {
    names: ['Bind'],
    also: ['bind_ack'],
    short: 'the first PDU on a connection',
    text: 'The first PDU on an RPC connection. It names the interface, the transfer syntax and the association group. The server answers bind_ack or bind_nak.',
    source: 'C706 12.6.4.3',
  },
  {
    names: ['bind_nak', 'nak'],
    also: ['bind nak'],
    short: 'refuses a bind',
    text: 'The refusal of a bind. Reason 0 (not specified) is the answer to an association group that is not known at the address; a client reports it as Windows error 1727.',
    source: 'C706 12; Q181721',
  },
  {
    names: ['Binding'],
    text: 'A local address and port that an MTA listens on and dials from. It has a label, and can be disabled. (Exchange; Q280449, Q285350). See also string binding.',
    source: null,
  },
  {
    names: ['Call'],
    also: ['request', 'response'],
    text: 'One request of DCE/RPC and its answer, a response or a fault. Several calls can be outstanding on a connection.',
    source: 'C706 6.4',
  },
  {
    names: ['Call back'],
    text: 'The connection that a called MTA makes to its caller during an opening. It carries MtaBindBack. A failed call back is event 9322.',
    source: 'Exchange; [lan-link.md](protocol/lan-link.md#opening-an-association)',
  },
  {
    names: ['Cancel'],
    also: ['co_cancel', 'orphaned'],
    text: 'The wish of a client to end a call. The PDU co_cancel asks the server to answer at once; the PDU orphaned says that the client waits for no answer.',
    source: 'C706 12.6.4.6, 12.6.4.8',
  },
  {
    names: ['Checkpoint'],
    also: ['RTS-Checkpoint-Size'],
    text: 'A point in a transfer from which it can resume. The sender sends at most RTS-Checkpoint-Size between two checkpoints.',
    source: 'X.218, X.228 7.3',
  },
  {
    names: ['Close'],
    also: ['close-ack'],
    short: 'ends the association in order',
    text: 'The orderly end of an association by its initiator, which needs the Turn for it.',
    source: 'X.218 9.2, X.228 7.2',
  },
  {
    names: ['Cluster'],
    text: 'Several servers that stand in for each other. On a server of a cluster each address stands for a virtual server, so an MTA there dials from its first binding only and does not start without all of them.',
    source: 'Q280449, Q285350',
  },
  {
    names: ['Companion'],
    text: "A scenario that shows a further part of an article's story, such as what a cluster does by design.",
    source: 'Own; [scenarios.md](scenarios.md#all-articles)',
  },
  {
    names: ['Confirmation'],
    also: ['confirm'],
    short: 'the receiver has the segment, or the whole message, on its disk',
    text: "The receiver's statement that a segment, or the whole message, is on its disk. After the last one the sender erases its copy.",
    source: 'X.218 9.3',
  },
  {
    names: ['Content'],
    text: 'The octets of a message. They never enter the core or a journal; references to them do.',
    source: 'X.411 12.2.1.1',
  },
  {
    names: ['Control block'],
    also: ['control block index'],
    text: "What Exchange's MTA allocates for an association. Event entries name it by a _control block index_.",
    source: 'Exchange; events 301, 1290, 9156',
  },
  {
    names: ['Control channel'],
    text: 'The WebSocket on loopback over which the `mtalab` command talks to an MTA.',
    source: 'Own; [ARCHITECTURE.md](ARCHITECTURE.md#control-channel)',
  },
  {
    names: ['Copy'],
    text: 'A message on its way to one destination. A message whose recipients lie in several directions is split into several copies.',
    source: 'X.411',
  },
  {
    names: ['Corrected', 'fixed'],
    text: 'Without the bug of an article. `corrected` is the behaviour without any bug; `fixed` is the case of a scenario with the article switched off.',
    source: 'Own',
  },
  {
    names: ['Data connection'],
    text: "The second connection of a side of an association. It joins the association group of the first connection, and that side's APDUs travel on it.",
    source: 'Exchange; Q181721',
  },
  {
    names: ['Dead letters'],
    text: 'The folder for reports that nobody can receive. An MTA makes no report on a report.',
    source: 'Own; [rules.md](protocol/rules.md#exactly-once)',
  },
  {
    names: ['Decision point'],
    text: 'A small function at which a documented bug can make the MTA decide otherwise.',
    source: 'Own; `packages/mta-core/src/catalogues/behaviour.ts`',
  },
  {
    names: ['Diagnostics level'],
    text: 'A number for each category of events that decides which events an MTA logs: none, minimum, medium or maximum.',
    source: 'Exchange; [event-log.md](event-log.md#diagnostics-levels)',
  },
  {
    names: ['Discard'],
    also: ['discarded'],
    short: 'the sender gives a transfer up; the association lives',
    text: 'The APDU with which a sender gives a transfer up, for instance at the transfer timeout. The receiver forgets what it has of it, and answers with discarded. The association lives.',
    source: 'X.228 7.3; X.225 S-ACTIVITY-DISCARD',
  },
  {
    names: ['Disconnect'],
    also: ['Session-Disconnect-Timer'],
    text: 'How long an MTA keeps a lost association for recovery, 120 seconds by default. After that it forgets the association.',
    source: 'Session-Disconnect-Timer',
  },
  {
    names: ['Effect'],
    text: 'Something that the core asks of its driver, such as a frame to send or a message to store.',
    source: 'Own; `packages/mta-core/src/machine/effect.ts`',
  },
  {
    names: ['Endpoint mapper'],
    text: 'A service at a known port of a host that says at which port an interface is served.',
    source: 'C706 appendix O',
  },
  {
    names: ['Envelope'],
    text: 'The originator, the recipients and the priority of a message. The headers inside the content play no part.',
    source: 'X.411',
  },
  {
    names: ['Fault'],
    text: 'Something that goes wrong on purpose, such as `cut before turn-give 1`. In DCE/RPC a fault is also the PDU that answers a call which the server could not serve.',
    source: '[faults.md](faults.md); C706 12',
  },
  {
    names: ['First connection'],
    text: 'The connection on which a side of an association binds first. It carries MtaBind from the initiator, or MtaBindBack from the responder.',
    source: 'Exchange; [lan-link.md](protocol/lan-link.md)',
  },
  {
    names: ['Incarnation'],
    text: 'The number of a start of an MTA on its store. Associations do not outlive it: a peer that meets a new incarnation drops what it held with the old one.',
    source: 'Own; [rules.md](protocol/rules.md#associations)',
  },
  {
    names: ['Initiator'],
    text: 'The MTA that opened an association. It alone recovers the association and closes it.',
    source: 'X.228 7.1, 7.2, 7.7',
  },
  {
    names: ['Input'],
    text: 'Something that happens to an MTA, such as an arrived frame or a fired timer. `step` takes one input at a time.',
    source: 'Own; `packages/mta-core/src/machine/input.ts`',
  },
  {
    names: ['Journal'],
    text: 'The file with every step of an MTA: one line of JSON with the time, the input and the effects. `mtalab replay` runs it through the core again.',
    source: 'Own; [scenarios.md](scenarios.md#journals)',
  },
  {
    names: ['Lab'],
    text: 'A set of MTAs that run together with one time base. A _pair_ is a lab of two.',
    source: 'Own',
  },
  {
    names: ['Ladder'],
    text: 'A sequence diagram of what passed between MTAs. Its edges show whose Turn each side believes it to be.',
    source: 'Own; [scenarios.md](scenarios.md#ladders)',
  },
  {
    names: ['LAN link'],
    text: 'The link between servers of one Exchange site: DCE/RPC over TCP.',
    source: '[lan-link.md](protocol/lan-link.md)',
  },
  {
    names: ['Ledger'],
    text: 'A place for deliveries that keeps only identifiers and digests, for load.',
    source: 'Own; [configuration.md](configuration.md)',
  },
  {
    names: ['Legacy'],
    text: 'With the bug of an article. The opposite is _fixed_.',
    source: 'Own',
  },
  {
    names: ['Lifetime'],
    also: ['Association-Lifetime'],
    text: 'How long an association stays open with nothing to send, 300 seconds by default. After that its initiator closes it.',
    source: 'Association-Lifetime',
  },
  {
    names: ['Link'],
    text: 'What carries APDUs between two adjacent MTAs: connections, and the frames on them. The core has the LAN link, and a link in memory for tests.',
    source: 'Own; `packages/mta-core/src/links`',
  },
  {
    names: ['Local-Initial-Turn'],
    text: 'The setting that says whether the initiator of an association holds the Turn at first.',
    source: 'Exchange; [configuration.md](configuration.md#settings)',
  },
  {
    names: ['Locality table', 'LTAB'],
    also: ['LTAB index'],
    text: "An MTA's table of its adjacent MTAs. An entry has the bindings, associations, queues, retry state and counters for one of them. Event entries name it by its _LTAB index_.",
    source: 'Exchange; event 9316',
  },
  {
    names: ['Loss'],
    text: 'The unwanted end of a connection of an association. It loses the whole association, voids every Turn-Please and returns mail in transfer to the queue.',
    source: 'X.228 7.7; event 1294',
  },
];
