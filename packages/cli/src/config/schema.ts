/** The schema of the configuration file of one MTA. Its descriptions are also the documentation of the file. */
import { categories, defaultNt, defaultRelease, isoPort, type LinkName, levelNames, linkByName } from '@mtalab/mta-core';
import * as z from 'zod';
import { deliveryKinds } from './delivery-kinds.js';
import {
  article,
  choice,
  domain,
  flag,
  host,
  ipAddress,
  list,
  mapping,
  mtaName,
  path,
  routeDomain,
  selectedTime,
  stringBinding,
  text,
  whole,
} from './schema-fields.js';
import { overridesSchema, settingsSchema } from './settings.js';

function instant(min: number) {
  const error = `expected a number of milliseconds from ${min} to 8000000000000000`;
  return z.number({ error }).min(min, { error }).max(8e15, { error });
}

function timeScale() {
  const error = 'expected a number above 0, at most 1000000';
  return z.number({ error }).positive({ error }).max(1_000_000, { error });
}

const bindingSchema = mapping({
  address: ipAddress().default('127.0.0.1').describe('IPv4 or IPv6 address to listen on and to dial from. Default: 127.0.0.1.'),
  port: whole(0, 65_535).default(0).describe('TCP port. 0: the MTA chooses one at the first start and keeps it. Default: 0.'),
  label: text(64).default('').describe('Name of the adapter, for people. Default: none.'),
  enabled: flag()
    .default(true)
    .describe('Does the MTA use this binding? It neither listens on nor dials from a disabled binding. Default: true.'),
});

const linkNames = Object.keys(linkByName) as [LinkName, ...LinkName[]];

const peerSchema = mapping({
  name: mtaName().describe('Name of the adjacent MTA, as in its own configuration.'),
  link: choice(linkNames)
    .default('lan')
    .describe('lan: RPC, as between servers of one site. x400: an X.400 connector. Both MTAs need the same. Default: lan.'),
  endpoints: list(stringBinding(), 0, 64)
    .default([])
    .describe(
      'Remote string bindings, tried in order: 127.0.0.1[4097] or ncacn_ip_tcp:127.0.0.1[4097]. Without a port, the MTA asks the endpoint mapper of that host at port 135, or at another port, as in 127.0.0.1[,mapper=4135]. Of an X.400 connector: 127.0.0.1[4102], or without a port, which means 102. Default: none, the adjacent MTA has to call.',
    ),
  password: text(64).default('').describe('Password to send to this MTA and to expect from it. Default: none.'),
  overrides: overridesSchema
    .optional()
    .describe('Settings of this X.400 connector, in place of those of the MTA. Default: none.'),
  activation: choice(['always', 'selected-times', 'remote-initiated', 'never'])
    .default('always')
    .describe(
      'When this MTA opens associations over this X.400 connector. remote-initiated: never; its mail goes over associations that the adjacent MTA opens. never: the connector is disabled, and its mail waits. Default: always.',
    ),
  times: list(selectedTime(), 1, 64)
    .optional()
    .describe(
      'The selected times, in UTC of the lab clock: 08:00-18:00 of each day, mon-fri 08:00-18:00, or sun 22:00-02:00, which ends on Monday. Default: none.',
    ),
});

const routeSchema = mapping({
  domain: routeDomain().describe('Mail domain, or "*" for every domain. The MTA takes the first route that fits.'),
  mta: mtaName().describe('Name of the peer that gets mail for this domain.'),
});

const localSchema = mapping({
  domains: list(domain(), 0, 1000).default([]).describe('Mail domains whose mailboxes are at this MTA. Default: none.'),
  delivery: choice(deliveryKinds)
    .default('maildir')
    .describe(
      'maildir: a Maildir for each mailbox. ledger: only identifiers and digests, for load tests. smtp: over SMTP to the smart host in smtp. Default: maildir.',
    ),
  path: path()
    .optional()
    .describe(
      'Folder of the mailboxes, and of the dead letters, relative to this file. Default: the folder mailboxes in the data folder.',
    ),
  smtp: mapping({
    host: host()
      .default('127.0.0.1')
      .describe('Host name or IP address of the smart host. Without TLS or authentication. Default: 127.0.0.1.'),
    port: whole(1, 65_535).describe('TCP port of the smart host.'),
    connections: whole(1, 64).default(10).describe('Connections to the smart host at one time. Default: 10.'),
  })
    .optional()
    .describe('The smart host of delivery: smtp. Default: none.'),
});

const clockSchema = mapping({
  timeScale: timeScale().default(1).describe('Lab seconds in a real second. It divides every duration. Default: 1.'),
  epochMs: instant(0)
    .optional()
    .describe('Lab time at the base instant, in milliseconds since 1970. Default: the time of the start.'),
  baseMs: instant(0)
    .optional()
    .describe(
      'Base instant on the monotonic clock of the machine, in milliseconds. All MTAs of a lab have the same. Default: the start.',
    ),
  offsetMs: instant(0).default(0).describe('Milliseconds that the lab clock has been moved forward. Default: 0.'),
});

/** A key for each category. */
const levelShape = Object.fromEntries(
  categories.map((category) => [
    category,
    choice(levelNames).optional().describe(`Diagnostics level of the category ${category}. Default: the value of level.`),
  ]),
);

const logSchema = mapping({
  console: flag().default(true).describe('Write events also to stderr? Default: true.'),
  level: choice(levelNames)
    .default('none')
    .describe('Diagnostics level: none logs the usual events, medium also each message sent and received. Default: none.'),
  levels: mapping(levelShape)
    .prefault({})
    .describe('Diagnostics levels of single categories, such as {Interoperability: maximum}. Default: the value of level.'),
});

export const fileSchema = mapping({
  $schema: text(2048).optional().describe('Address of this schema, for editors. mtalab ignores it.'),
  name: mtaName().describe('Name of this MTA. It must differ from the names of its peers.'),
  release: text(64)
    .default(defaultRelease.build)
    .describe(
      `Release of Exchange: 5.5sp4, or a build, such as 2653.23. \`mtalab releases\` lists them. The MTA has the bugs of its release. Default: ${defaultRelease.build}, with all corrections.`,
    ),
  nt: text(64)
    .default(defaultNt.name)
    .describe(`Release of Windows NT: 4.0sp3, or 4.0tse sp4 for the Terminal Server Edition. Default: ${defaultNt.name}.`),
  data: path().describe('Folder of the message database, ports, control token and logs, relative to this file. Made if missing.'),
  bindings: list(bindingSchema, 1, 16)
    .default([{ address: '127.0.0.1', port: 0, label: '', enabled: true }])
    .describe(
      'Addresses that this MTA listens on, in the order that it dials from them. Default: 127.0.0.1, with a port that the MTA chooses.',
    ),
  cluster: flag()
    .default(false)
    .describe(
      'Is this MTA a server of a cluster? Then it dials only from its first binding, and does not start unless it can listen on all. Default: false.',
    ),
  endpointMapper: mapping({
    port: whole(0, 65_535)
      .default(135)
      .describe('TCP port on the address of each enabled binding. 0 as for bindings. Default: 135, where other programs look.'),
  })
    .optional()
    .describe('An endpoint mapper. On a well-known port it says where this MTA listens. Default: none.'),
  x400: mapping({
    port: whole(0, 65_535)
      .default(isoPort)
      .describe(
        `TCP port on the address of each enabled binding. 0 as for bindings. Default: ${isoPort}, which needs privileges.`,
      ),
  })
    .optional()
    .describe('The transport stack of the X.400 connectors. Default: none, unless a peer has link x400.'),
  smtp: mapping({
    port: whole(0, 65_535).default(2525).describe('TCP port. 0 as for bindings. Default: 2525.'),
    address: ipAddress()
      .default('127.0.0.1')
      .describe(
        'IPv4 or IPv6 address to listen on. There is no authentication: whoever reaches it may submit. Default: 127.0.0.1.',
      ),
    sessions: whole(1, 10_000).default(100).describe('Sessions at one time. Default: 100.'),
    idleTimeoutS: whole(1, 86_400)
      .default(300)
      .describe('Real seconds after which a silent session ends, whatever the lab clock does. Default: 300.'),
  })
    .optional()
    .describe('An SMTP listener, over which mail tools submit mail to this MTA. Default: none.'),
  advertise: list(stringBinding(), 0, 64)
    .default([])
    .describe(
      'String bindings that this MTA gives other MTAs to call it back. Default: none, which means the bindings that it listens on.',
    ),
  control: mapping({
    port: whole(0, 65_535).default(0).describe('Port of the control channel on 127.0.0.1. 0 as for bindings. Default: 0.'),
  })
    .prefault({})
    .describe('The control channel of the mtalab command.'),
  metrics: mapping({
    port: whole(0, 65_535).describe('TCP port. 0: the system chooses one at each start, and the MTA says which.'),
    address: ipAddress().default('127.0.0.1').describe('IPv4 or IPv6 address to listen on. Default: 127.0.0.1.'),
  })
    .optional()
    .describe('An HTTP endpoint where Prometheus scrapes the metrics of this MTA, at the path /metrics. Default: none.'),
  clock: clockSchema.prefault({}).describe('The lab clock.'),
  legacy: list(article(), 0, 64)
    .default([])
    .describe('Knowledge Base articles whose bugs this MTA has, besides those of its release. Default: none.'),
  fixed: list(article(), 0, 64)
    .default([])
    .describe('Articles whose bugs this MTA does not have, although its release has them. Default: none.'),
  settings: settingsSchema.prefault({}).describe('Settings of the MTA.'),
  peers: list(peerSchema, 0, 256).default([]).describe('Adjacent MTAs. Default: none.'),
  routes: list(routeSchema, 0, 10_000).default([]).describe('Which mail goes to which peer. Default: none.'),
  local: localSchema.prefault({}).describe('Mail for mailboxes at this MTA.'),
  journal: flag().default(false).describe('Keep a journal of all inputs and effects in the data folder? Default: false.'),
  log: logSchema.prefault({}).describe('Event log.'),
}).describe('Configuration of one MTA of MTA Lab.');

/** A configuration with all defaults. */
export type ConfigFile = z.output<typeof fileSchema>;

/** The JSON schema of the configuration file (draft 2020-12). */
export function configSchema(): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(fileSchema, { io: 'input' }) as Record<string, unknown>;
  return { $schema, title: 'MTA Lab: configuration of one MTA', ...rest };
}

/** The text of the JSON schema file in this package. */
export function renderConfigSchema(): string {
  return `${JSON.stringify(configSchema(), null, 2)}\n`;
}
