/**
 * The Knowledge Base articles that the catalogues and the documentation cite, and that neither a quirk nor a release explains.
 * Titles and sentences are this project's.
 */
export type CitedArticle = {
  /** `Q246278`. */
  readonly article: string;
  readonly title: string;
  /** The versions that the article is about. */
  readonly builds: string;
  /** What the article says, in one or two sentences. */
  readonly says: string;
};

const allVersions = 'Exchange 4.0, 5.0, 5.5';

/** In ascending order. */
export const citedArticles: readonly CitedArticle[] = [
  {
    article: 'Q157214',
    title: 'A damaged message stays in a queue of the MTA',
    builds: allVersions,
    says: 'Event 2171 names the object of the message database that the MTA cannot read. The remedy of the article is to stop the MTA, check the database, and move the object away by hand.',
  },
  {
    article: 'Q157630',
    title: 'Connection retry values of a connector',
    builds: allVersions,
    says: 'An MTA that cannot connect logs 1294, 289 and 301 (for X.400 also 4284) and tries again after each Open Interval. When the open retries are used up, it returns the mail.',
  },
  {
    article: 'Q163295',
    title: 'Events 2219, 2206 and 2207: the check of the message database at the start',
    builds: allVersions,
    says: 'After a stop that was not clean, the MTA checks its message database before it starts, and logs each queue. The start takes longer.',
  },
  {
    article: 'Q163321',
    title: 'The interoperability log, AP0.LOG',
    builds: allVersions,
    says: 'Diagnostics of Interoperability and Interface make the MTA log its protocol messages in files of 5 MB.',
  },
  {
    article: 'Q163324',
    title: 'The APDU log, BF0.LOG',
    builds: allVersions,
    says: 'Diagnostics of APDU and X.400 Service make the MTA log whole APDUs in files of 5 MB.',
  },
  {
    article: 'Q166308',
    title: 'Event 51: an unknown MTA has tried to bind',
    builds: allVersions,
    says: 'The name, the password or the selectors that the caller sends do not fit the configuration of the called MTA.',
  },
  {
    article: 'Q169716',
    title: 'Refused associations: a connector whose schedule is Never',
    builds: allVersions,
    says: 'The called MTA refuses and logs 1293; the caller logs 1290, 289 and 1294.',
  },
  {
    article: 'Q170056',
    title: 'Event 9318 with error 1722: messages back up for a server that is down',
    builds: 'Exchange 5.5',
    says: 'The other server is down, or the network does not lead there. The event has its early form, with LTAB index and error only.',
  },
  {
    article: 'Q171113',
    title: 'Event 55: the two sides want different dialogue modes',
    builds: allVersions,
    says: 'One MTA asks for two-way alternate, the other allows monologue only. Both must use the same mode.',
  },
  {
    article: 'Q178365',
    title: 'Content conversion errors 4096 and 4097',
    builds: allVersions,
    says: 'A message cannot be converted and is returned. The article shows entries of the text log, EV0.LOG.',
  },
  {
    article: 'Q181513',
    title: 'A further association over Dynamic RAS ends at once: 9316 with 1783, and 1294',
    builds: 'Exchange 5.5; corrected in SP1',
    says: 'The association that opens at the threshold sends a bad context handle, and the receiver ends it.',
  },
  {
    article: 'Q189494',
    title: 'Event 9277: RPC calls that are cancelled',
    builds: allVersions,
    says: 'An RPC call has had no answer for too long, so the MTA cancels it. The network, or the other server, does not answer.',
  },
  {
    article: 'Q191594',
    title: 'Event 9322: a site connector through a firewall',
    builds: 'Exchange 5.5',
    says: 'The called MTA dials back to an address and port that the firewall does not let through, so no association opens.',
  },
  {
    article: 'Q193894',
    title: 'Event 9156: control blocks leak while a link is down',
    builds: 'Exchange 5.0, 5.5; corrected in 5.0 1461.66 and 5.5 2410.0',
    says: 'Each failed connect after the first leaks a control block of an X.400 connector. In the end none is free and mail stops.',
  },
  {
    article: 'Q194031',
    title: 'A queue stands still after the recovery of an association: 1133 and 1293',
    builds: 'Exchange 5.5; corrected in 2410.0',
    says: 'A fault in the recovery of RTSE stops a queue until the MTA restarts or the priority of a message is raised.',
  },
  {
    article: 'Q194589',
    title: 'Event 57: the limit of associations',
    builds: allVersions,
    says: 'More mail is queued than the permitted associations of one MTA with another can carry. The article shows the event of the called side too.',
  },
  {
    article: 'Q196381',
    title: 'Refused associations through a firewall: 1290 and 1293',
    builds: allVersions,
    says: 'A firewall between two X.400 connectors disturbs the opening. One side logs 1290, 289 and 1294, the other 1293.',
  },
  {
    article: 'Q225196',
    title: 'Event 9318 with error 1330: the password has expired',
    builds: allVersions,
    says: 'The account with which the MTA logs on at the other site has an expired password. A restart does not help.',
  },
  {
    article: 'Q243402',
    title: 'Event 9280: the locality table is full',
    builds: allVersions,
    says: 'The MTA has about 240 LAN associations at once, and this is its limit. Bridgeheads with many site connectors reach it.',
  },
  {
    article: 'Q246278',
    title: 'Events 289 and 1294: mail backs up because of the network',
    builds: 'Exchange 5.5',
    says: 'The network has too little bandwidth for another connection, or loses connections. That is no fault of the MTA.',
  },
  {
    article: 'Q247419',
    title: 'Event 9156: no control blocks are left for TCP/IP',
    builds: 'Exchange 5.5 SP3; corrected in SP4',
    says: 'Under stress or over slow connections the MTA leaks control blocks, as in Q229643. A restart of the MTA frees them.',
  },
  {
    article: 'Q253307',
    title: 'Event 9316 with 9301: a Dynamic RAS Connector delivers nothing',
    builds: 'Exchange 5.5',
    says: 'The two MTAs cannot bind over the line: 9322 with error 5 at one side, 289, 1294 and 9316 with 9301 at the other.',
  },
  {
    article: 'Q254818',
    title: 'Event 9156 in time zones with a half hour',
    builds: 'Exchange 5.5 SP3 (from 2580); corrected in 2652.16',
    says: 'Timers of X.400 connectors seem 1,800 s old and fire at once: 4282 with 8453, 4284, 4287, reports (290), then 9156.',
  },
  {
    article: 'Q261251',
    title: 'Event 9318 with error 1722: look at the name server',
    builds: 'Exchange 5.5',
    says: 'The name of the other server is not resolved any more, so no bind succeeds.',
  },
  {
    article: 'Q271600',
    title: 'The MTA deletes files of its message database by mistake',
    builds: allVersions,
    says: 'After a stop that was not clean, the check of the database may delete files with high numbers. The MTA then logs events 2171 and 2175 with the object that is missing.',
  },
  {
    article: 'Q278444',
    title: 'Event 57: urgent messages use up all associations',
    builds: 'Exchange 5.5; corrected in 2654.38',
    says: 'Each urgent message opens an association until nine are open. Mail then goes round by other servers and is reported as a loop.',
  },
  {
    article: 'Q279537',
    title: 'Events 9322 and 9318: the call back goes to a name',
    builds: 'Exchange 5.5 after SP3; corrected in 2651.92 and SP4',
    says: 'Later builds name their host, not its address, as the place to call back. If the other side cannot resolve that name, no association opens.',
  },
  {
    article: 'Q306959',
    title: 'An X.400 connector stands still in both directions after a lost connection',
    builds: 'Exchange 5.0, 5.5',
    says: 'The MTAs log 4282 (8453), 4283 (8464), 4284 (8511), 4287 and 1209. Use the address of the other MTA instead of its name.',
  },
  {
    article: 'Q319936',
    title: 'Event 4283: a connection timed out before it was accepted',
    builds: 'Exchange 5.5 SP4; corrected in 2656.20',
    says: 'A message for a connection that is already gone makes 4283 with 8464. The article shows entries of the text log, EV0.LOG.',
  },
];
