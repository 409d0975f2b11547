/** The scenario file, as a schema. */
import { quirks } from '@mtalab/mta-core';
import * as z from 'zod';
import { notEmulated } from '../config/releases.js';
import { choice, domain, flag, ipAddress, list, mapping, mtaName, text, whole } from '../config/schema-fields.js';
import { settingsSchema } from '../config/settings.js';

/** Articles that a scenario may switch on. */
const scenarioArticles: readonly string[] = quirks.map((quirk) => quirk.article);

const maxCount = 1_000_000_000;
const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90 s`, `10 min`, `12 h`, `1 h 30 min`, in ms; null when it is none. */
function spanMs(words: string): number | null {
  if (!/^\d{1,9} ?(ms|s|min|h|d)( \d{1,9} ?(ms|s|min|h|d))*$/.test(words)) return null;
  let sum = 0;
  for (const [, count, unit] of words.matchAll(/(\d+) ?(ms|s|min|h|d)/g))
    sum += Number(count) * (unitsMs[unit as string] as number);
  return sum;
}

/** Ten years: longer than anything waits. */
const maxSpanMs = 10 * 366 * 86_400_000;

function span() {
  const error = 'expected a span of time such as 90 s, 10 min or 12 h, at most ten years';
  return z.string({ error }).transform((words, context) => {
    const ms = spanMs(words.trim());
    if (ms !== null && ms <= maxSpanMs) return ms;
    context.addIssue({ code: 'custom', message: error, input: words });
    return z.NEVER;
  });
}

function sentence() {
  return text(500);
}

function bound() {
  const error = `expected a whole number from 0 to ${maxCount}, or a mapping with least and most`;
  const number = z.int({ error }).min(0, { error }).max(maxCount, { error });
  const range = z.strictObject({ least: number.optional(), most: number.optional() }, { error });
  return z.union([number, range], { error });
}

function yes() {
  return z.literal(true, { error: 'expected true' });
}

const mode = () => choice(['legacy', 'fixed']);
const article = () =>
  z.enum(scenarioArticles as [string, ...string[]], {
    error: ({ input }) => {
      const missing = typeof input === 'string' ? notEmulated(input) : undefined;
      return `${missing === undefined ? '' : `${missing}; `}expected one of ${scenarioArticles.join(', ')}`;
    },
  });
const eventId = () => whole(1, 65_535);
const parameters = () => {
  const error = 'expected a mapping from parameters of the event to texts, numbers, or mappings with least and most';
  return z.record(z.string(), z.union([z.string(), bound()], { error }), { error });
};
const faultName = () => text(64).regex(/\S/, { error: 'expected a name for the fault' });

/** The first of these that is asked for is the one told in numbers. */
const checkSchema = mapping({
  fault: mapping({ name: faultName(), hits: bound() }).optional().describe('How often a fault of this scenario has acted.'),
  associations: mapping({
    count: bound().optional().describe('How many there are. Default: at least one.'),
    state: choice(['dialling', 'calling', 'dialling-back', 'calling-back', 'open', 'lost', 'closing'])
      .optional()
      .describe('State on both sides of all of them.'),
    turn: choice(['one', 'nobody', 'both']).optional().describe('Who believes to hold the Turn, on all of them.'),
  })
    .optional()
    .describe('The associations that either side knows.'),
  stuck: bound().optional().describe('Associations of which each side believes that the other has the Turn.'),
  recoveries: bound().optional().describe('Recoveries asked for since the start.'),
  opened: bound().optional().describe('Associations opened afresh since the start.'),
  delivered: bound().optional().describe('Copies delivered into mailboxes since the last mark, or since the start.'),
  queued: z
    .record(z.string(), bound(), { error: 'expected a mapping from names of MTAs to numbers' })
    .optional()
    .describe('Copies queued, by name of the MTA.'),
  reports: bound().optional().describe('Non-delivery reports made.'),
  naks: bound().optional().describe('bind_nak PDUs that have passed the link since the start.'),
  passed: mapping({ kind: text(64), from: mtaName().optional(), count: bound() })
    .optional()
    .describe('PDUs of a kind that have passed the link since the start.'),
  events: mapping({ at: mtaName(), id: eventId(), count: bound(), params: parameters().optional() })
    .optional()
    .describe('Entries of an event log since the last mark, or since the start.'),
  eventsInOrder: mapping({ at: mtaName(), ids: list(eventId(), 1, 20) })
    .optional()
    .describe('Entries with these ids, in this order and no other, since the last mark, or since the start.'),
  exit: mapping({ at: mtaName(), code: bound() }).optional().describe('How the last process of an MTA has ended.'),
  up: z
    .record(z.string(), flag(), { error: 'expected a mapping from names of MTAs to true or false' })
    .optional()
    .describe('Which MTAs run.'),
});

function bindingName() {
  return text(128).regex(/\S/, { error: 'expected a binding: its label, its address, or address[port]' });
}

const stepSchema = mapping({
  say: sentence().optional().describe('Told to whoever watches, before the step.'),
  only: mode().optional().describe('Take this step in this case alone.'),
  submit: mapping({
    at: mtaName(),
    to: mtaName(),
    count: whole(1, 100_000).default(1),
    priority: choice(['urgent', 'normal', 'non-urgent']).default('normal'),
    sizeBytes: whole(0, 67_108_864).optional(),
  })
    .optional()
    .describe('Hand in messages at one MTA for a mailbox at another.'),
  fault: mapping({ name: faultName(), does: text(256) })
    .optional()
    .describe('Arm a fault, in the fault language. It counts from here.'),
  release: yes().optional().describe('Let go what faults hold.'),
  heal: yes().optional().describe('End black holes.'),
  cut: yes().optional().describe('Cut all connections now.'),
  advance: span().optional().describe('Move the clock on; every timer on the way fires at its instant.'),
  kill: mtaName().optional().describe('End an MTA at once: what is not on its disk is lost.'),
  stop: mtaName().optional().describe('Stop an MTA in order.'),
  start: mtaName().optional().describe('Start an MTA; it must come up.'),
  attempt: mtaName().optional().describe('Start an MTA that may end before it is up.'),
  restart: mtaName().optional().describe('Stop an MTA in order and start it again.'),
  bindings: mapping({
    at: mtaName(),
    order: list(bindingName(), 1, 64).optional(),
    enable: list(bindingName(), 1, 64).optional(),
    disable: list(bindingName(), 1, 64).optional(),
  })
    .optional()
    .describe('Put bindings first, enable or disable some: dials follow at once, listeners at the next start.'),
  retry: mtaName().optional().describe('End the Open and Transfer Intervals that this MTA waits for.'),
  set: mapping({ article: article(), mode: mode(), at: list(mtaName(), 1, 64).optional() })
    .optional()
    .describe('Switch an article on or off, live.'),
  mark: yes().optional().describe('Deliveries and entries of the event logs are counted from here.'),
  see: sentence().optional().describe('What must be seen now, in plain words; `check` says how it is measured.'),
  check: checkSchema.optional(),
  headline: yes().optional().describe('What is seen here sums the case up where there is one line for it.'),
});

const mtaSchema = mapping({
  name: mtaName(),
  domain: domain(),
  bindings: list(
    mapping({
      address: ipAddress(),
      port: whole(0, 65_535).optional(),
      label: text(64).optional(),
      enabled: flag().optional(),
    }),
    1,
    64,
  )
    .optional()
    .describe('In the order in which they are dialled from. Default: 127.0.0.1 alone.'),
  cluster: flag().optional().describe('Is this a server of a cluster?'),
  down: flag().optional().describe('Not started at the beginning.'),
});

/** What a step can do: exactly one of these. */
export const actions = [
  'submit',
  'fault',
  'release',
  'heal',
  'cut',
  'advance',
  'kill',
  'stop',
  'start',
  'attempt',
  'restart',
  'bindings',
  'retry',
  'set',
  'mark',
  'see',
] as const;

export const scenarioSchema = mapping({
  name: text(64)
    .regex(/\S/, { error: 'expected a name' })
    .describe('Name of the scenario: the article, where it is one of an article.'),
  title: sentence(),
  about: text(4000).optional(),
  companionTo: article().optional().describe('The article whose story this is a further part of.'),
  modes: list(mode(), 1, 2).default(['legacy', 'fixed']).describe('The cases there are.'),
  mtas: list(mtaSchema, 2, 64).describe('The MTAs; all are adjacent to each other.'),
  settings: settingsSchema.prefault({}).describe('Settings of all MTAs that differ from the defaults.'),
  legacy: mapping({
    articles: list(article(), 1, 64),
    at: list(mtaName(), 1, 64),
  })
    .optional()
    .describe('Which articles are on in the legacy case, and at which MTAs.'),
  fault: sentence().describe('The fault, in words.'),
  steps: list(stepSchema, 1, 1000),
  verdict: mapping({ legacy: text(1000).optional(), fixed: text(1000).optional() }).describe(
    'What it means when all was seen as it must be; for each case.',
  ),
});

export type ScenarioFile = z.output<typeof scenarioSchema>;
export type StepFile = ScenarioFile['steps'][number];
