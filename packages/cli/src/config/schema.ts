/** The configuration file of one MTA, as a schema. It is also the file's documentation: every key has a description. */
import { categories, type DiagnosticsLevel, defaultNt, defaultRelease, diagnosticsLevels, quirks } from '@mtalab/mta-core';
import * as z from 'zod';
import {
  choice,
  domain,
  flag,
  ipAddress,
  list,
  mapping,
  mtaName,
  path,
  routeDomain,
  stringBinding,
  text,
  whole,
} from './schema-fields.js';
import { settingsSchema } from './settings.js';

/** Articles that `legacy` and `fixed` may name. */
export const knownArticles: readonly string[] = quirks.map((quirk) => quirk.article);

const levels = Object.keys(diagnosticsLevels) as [DiagnosticsLevel, ...DiagnosticsLevel[]];

function article() {
  return z.enum(knownArticles as [string, ...string[]], { error: 'not an article that is known' });
}

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
  port: whole(0, 65_535).default(0).describe('TCP port; 0: one is chosen at the first start and kept. Default: 0.'),
  label: text(64).default('').describe('Name of the adapter, for people. Default: none.'),
  enabled: flag()
    .default(true)
    .describe('Is it used? One that is disabled is neither listened on nor dialled from. Default: true.'),
});

const peerSchema = mapping({
  name: mtaName().describe('Name of the adjacent MTA, as that MTA gives it itself.'),
  endpoints: list(stringBinding(), 0, 64)
    .default([])
    .describe(
      'Remote string bindings, tried in order: 127.0.0.1[4097] or ncacn_ip_tcp:127.0.0.1[4097]; without a port, the endpoint mapper of that host is asked, at port 135 or, as in 127.0.0.1[,mapper=4135], at another one. Default: none, it has to call.',
    ),
  password: text(64).default('').describe('Password sent to this MTA and expected from it. Default: none.'),
});

const routeSchema = mapping({
  domain: routeDomain().describe('Mail domain, or "*" for every domain. The first route that fits is taken.'),
  mta: mtaName().describe('Name of the peer that mail for this domain goes to.'),
});

const localSchema = mapping({
  domains: list(domain(), 0, 1000).default([]).describe('Mail domains whose mailboxes are at this MTA. Default: none.'),
  delivery: choice(['maildir', 'ledger'])
    .default('maildir')
    .describe('maildir: a Maildir for each mailbox; ledger: identifiers and digests only, for load. Default: maildir.'),
  path: path()
    .optional()
    .describe('Folder of the mailboxes, relative to this file. Default: the folder mailboxes in the data folder.'),
});

const clockSchema = mapping({
  timeScale: timeScale().default(1).describe('Lab seconds that pass in a second: every duration is divided by it. Default: 1.'),
  epochMs: instant(0)
    .optional()
    .describe('Lab time at the base instant, in milliseconds since 1970. Default: the time of the start.'),
  baseMs: instant(0)
    .optional()
    .describe(
      'Base instant on the monotonic clock of the machine, in milliseconds; the same for all MTAs of a lab. Default: the start.',
    ),
  offsetMs: instant(0).default(0).describe('Milliseconds by which the lab clock has been moved on. Default: 0.'),
});

/** One key for each category. */
const levelShape = Object.fromEntries(
  categories.map((category) => [
    category,
    choice(levels).optional().describe(`Diagnostics level of the category ${category}. Default: as level says.`),
  ]),
);

const logSchema = mapping({
  console: flag().default(true).describe('Write events to stderr too? Default: true.'),
  level: choice(levels)
    .default('none')
    .describe('Diagnostics level: none shows the usual events, medium also each message sent and received. Default: none.'),
  levels: mapping(levelShape)
    .prefault({})
    .describe('Diagnostics levels of single categories, such as {Interoperability: maximum}. Default: as level says.'),
});

export const fileSchema = mapping({
  $schema: text(2048).optional().describe('Where this schema is, for editors. Not used otherwise.'),
  name: mtaName().describe('Name of this MTA. It must differ from the names of its peers.'),
  release: text(64)
    .default(defaultRelease.build)
    .describe(
      `Release of Exchange this MTA is: 5.5sp4, or a build, such as 2653.23; \`mtalab releases\` lists them. It has the bugs of its release. Default: ${defaultRelease.build}, with all corrections.`,
    ),
  nt: text(64)
    .default(defaultNt.name)
    .describe(`Windows NT it runs on: 4.0sp3, or 4.0tse sp4 for the Terminal Server Edition. Default: ${defaultNt.name}.`),
  data: path().describe(
    'Folder of the message database, ports, control token and logs, relative to this file. Made when it is not there.',
  ),
  bindings: list(bindingSchema, 1, 16)
    .default([{ address: '127.0.0.1', port: 0, label: '', enabled: true }])
    .describe(
      'Addresses this MTA listens on, in the order in which it dials from them. Default: 127.0.0.1, with a port of its own choice.',
    ),
  cluster: flag()
    .default(false)
    .describe(
      'Is this a server of a cluster? It dials from its first binding only, and does not start without all. Default: false.',
    ),
  endpointMapper: mapping({
    port: whole(0, 65_535)
      .default(135)
      .describe('TCP port on the address of each enabled binding; 0 as for bindings. Default: 135, where other programs look.'),
  })
    .optional()
    .describe('An endpoint mapper, which tells on a port that everybody knows where this MTA listens. Default: none.'),
  advertise: list(stringBinding(), 0, 64)
    .default([])
    .describe('String bindings the other MTAs are told to call back at. Default: none, which means those listened on.'),
  control: mapping({
    port: whole(0, 65_535).default(0).describe('Port of the control channel on 127.0.0.1; 0 as for bindings. Default: 0.'),
  })
    .prefault({})
    .describe('The control channel of the mtalab command.'),
  clock: clockSchema.prefault({}).describe('The lab clock.'),
  legacy: list(article(), 0, 64)
    .default([])
    .describe('Articles of the Knowledge Base whose bug this MTA has, besides those of its release. Default: none.'),
  fixed: list(article(), 0, 64)
    .default([])
    .describe('Articles whose bug this MTA does not have, although its release has it. Default: none.'),
  settings: settingsSchema.prefault({}).describe('Settings under their Exchange names.'),
  peers: list(peerSchema, 0, 256).default([]).describe('Adjacent MTAs. Default: none.'),
  routes: list(routeSchema, 0, 10_000).default([]).describe('Which mail goes to which peer. Default: none.'),
  local: localSchema.prefault({}).describe('Mail for mailboxes at this MTA.'),
  journal: flag().default(false).describe('Keep a journal of all inputs and effects in the data folder? Default: false.'),
  log: logSchema.prefault({}).describe('Event log.'),
}).describe('Configuration of one MTA of MTA Lab.');

/** A configuration with its defaults filled in. */
export type ConfigFile = z.output<typeof fileSchema>;

/** The JSON schema of the configuration file (draft 2020-12). */
export function configSchema(): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(fileSchema, { io: 'input' }) as Record<string, unknown>;
  return { $schema, title: 'MTA Lab: configuration of one MTA', ...rest };
}

/** The JSON schema as the text of the file that is shipped. */
export function renderConfigSchema(): string {
  return `${JSON.stringify(configSchema(), null, 2)}\n`;
}
