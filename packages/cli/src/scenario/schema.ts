/** The schema of a scenario file. */
import { type AssociationState, associationTable, type LinkName, linkByName, priorities } from '@mtalab/mta-core';
import { modes, networkStates } from '@mtalab/scenario';
import * as z from 'zod';
import { article, choice, domain, flag, ipAddress, list, mapping, mtaName, text, whole } from '../config/schema-fields.js';
import { overridesSchema, settingsSchema } from '../config/settings.js';
import { spanMs } from '../time-spans.js';

const maxCount = 1_000_000_000;

/** `90 s`, `10 min`, `12 h`, `1 h 30 min`. */
const spanPattern = /^\d{1,9} ?(ms|s|min|h|d)( \d{1,9} ?(ms|s|min|h|d))*$/;
/** Ten years: longer than any wait of an MTA. */
const maxSpanMs = 10 * 366 * 86_400_000;

function span() {
  const error = 'expected a span of time such as 90 s, 10 min or 12 h, at most ten years';
  return z.string({ error }).transform((words, context) => {
    const ms = spanPattern.test(words.trim()) ? spanMs(words) : Number.NaN;
    if (ms <= maxSpanMs) return ms;
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

const mode = () => choice(modes);
const link = () => choice(Object.keys(linkByName) as LinkName[]);
const eventId = () => whole(1, 65_535);
const parameters = () => {
  const error = 'expected a mapping from parameters of the event to texts, numbers, or mappings with least and most';
  return z.record(z.string(), z.union([z.string(), bound()], { error }), { error });
};
const faultName = () => text(64).regex(/\S/, { error: 'expected a name for the fault' });

/** A check may have several of these keys. The numbers of the first one are the observation that is printed. */
const checkSchema = mapping({
  fault: mapping({ name: faultName(), hits: bound() }).optional().describe('How often a fault of this scenario has acted.'),
  associations: mapping({
    count: bound().optional().describe('Number of associations. Default: at least one.'),
    state: choice(Object.keys(associationTable) as AssociationState[])
      .optional()
      .describe('State of every association on both sides.'),
    turn: choice(['one', 'nobody', 'both'])
      .optional()
      .describe('Which sides believe that they have the Turn, on every association.'),
  })
    .optional()
    .describe('The associations that at least one side knows.'),
  stuck: bound().optional().describe('Associations whose sides both believe that the other has the Turn.'),
  recoveries: bound().optional().describe('Requests for recovery since the start.'),
  opened: bound().optional().describe('Associations opened since the start, without recoveries.'),
  delivered: bound().optional().describe('Copies delivered to mailboxes since the last mark, or since the start.'),
  queued: z
    .record(z.string(), bound(), { error: 'expected a mapping from names of MTAs to numbers' })
    .optional()
    .describe('Queued copies, by name of the MTA.'),
  reports: bound().optional().describe('Non-delivery reports since the start.'),
  naks: bound().optional().describe('bind_nak PDUs on the link since the start.'),
  passed: mapping({ kind: text(64), from: mtaName().optional(), count: bound() })
    .optional()
    .describe('PDUs of a kind that passed the link since the start.'),
  events: mapping({ at: mtaName(), id: eventId(), count: bound(), params: parameters().optional() })
    .optional()
    .describe('Entries of an event log since the last mark, or since the start.'),
  eventsInOrder: mapping({ at: mtaName(), ids: list(eventId(), 1, 20) })
    .optional()
    .describe('Entries with these ids, only in this order, since the last mark, or since the start.'),
  exit: mapping({ at: mtaName(), code: bound() }).optional().describe('Exit code of the last process of an MTA.'),
  up: z
    .record(z.string(), flag(), { error: 'expected a mapping from names of MTAs to true or false' })
    .optional()
    .describe('Which MTAs run.'),
});

function bindingName() {
  return text(128).regex(/\S/, { error: 'expected a binding: its label, its address, or address[port]' });
}

const stepSchema = mapping({
  say: sentence().optional().describe('Text to print before the step.'),
  only: mode().optional().describe('Take this step only in this case.'),
  submit: mapping({
    at: mtaName(),
    to: mtaName(),
    count: whole(1, 100_000).default(1),
    priority: choice(priorities).default('normal'),
    sizeBytes: whole(0, 67_108_864).optional(),
  })
    .optional()
    .describe('Submit messages at one MTA for a mailbox at another.'),
  fault: mapping({ name: faultName(), does: text(256) })
    .optional()
    .describe('Arm a fault, in the fault language. It counts PDUs from here on.'),
  release: yes().optional().describe('Release the PDUs that faults hold.'),
  heal: yes().optional().describe('End black holes.'),
  cut: yes().optional().describe('Cut all connections now.'),
  network: choice(networkStates).optional().describe('Take the network between the MTAs away, or give it back.'),
  advance: span().optional().describe('Move the clock forward. Every timer on the way fires at its instant.'),
  kill: mtaName().optional().describe('End an MTA at once. It loses what is not on its disk.'),
  stop: mtaName().optional().describe('Stop an MTA in order.'),
  start: mtaName().optional().describe('Start an MTA. It must come up.'),
  attempt: mtaName().optional().describe('Start an MTA that may end before it is up.'),
  restart: mtaName().optional().describe('Stop an MTA in order and start it again.'),
  bindings: mapping({
    at: mtaName(),
    order: list(bindingName(), 1, 64).optional(),
    enable: list(bindingName(), 1, 64).optional(),
    disable: list(bindingName(), 1, 64).optional(),
  })
    .optional()
    .describe('Put bindings first, enable or disable bindings. This affects dials at once, and listeners at the next start.'),
  retry: mtaName().optional().describe('End the Open and Transfer Intervals that this MTA waits for.'),
  set: mapping({ article: article(), mode: mode(), at: list(mtaName(), 1, 64).optional() })
    .optional()
    .describe('Switch an article on or off while the MTA runs.'),
  mark: yes().optional().describe('Count deliveries and entries of the event logs from here on.'),
  see: sentence().optional().describe('What must be seen now, in plain words. `check` says how to measure it.'),
  check: checkSchema.optional(),
  headline: yes().optional().describe('This observation sums up the case where one line must do.'),
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
    .describe('In the order that the MTA dials from them. Default: only 127.0.0.1.'),
  cluster: flag().optional().describe('Is this MTA a server of a cluster?'),
  down: flag().optional().describe('Do not start this MTA at the beginning.'),
  settings: overridesSchema.optional().describe('Settings of this MTA that differ from those of all MTAs.'),
});

export const scenarioSchema = mapping({
  name: text(64)
    .regex(/\S/, { error: 'expected a name' })
    .describe('Name of the scenario. The scenario of an article has the name of the article.'),
  title: sentence(),
  about: text(4000).optional(),
  companionTo: article().optional().describe('The article that this scenario belongs to, as a further part.'),
  modes: list(mode(), 1, 2).default(['legacy', 'fixed']).describe('The cases of the scenario.'),
  mtas: list(mtaSchema, 2, 64).describe('The MTAs.'),
  link: link().optional().describe('The link between neighbours. Default: lan.'),
  neighbours: list(
    mapping({
      between: z.tuple([mtaName(), mtaName()], { error: 'expected two names of MTAs' }),
      link: link().optional().describe('The link between these two. Default: the link of the scenario.'),
    }),
    1,
    2016,
  )
    .optional()
    .describe('Which MTAs are adjacent. Mail between the others goes a shortest way. Default: all are adjacent to each other.'),
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
    'For each case: what it means if every observation is as the scenario says.',
  ),
});

export type ScenarioFile = z.output<typeof scenarioSchema>;
export type StepFile = ScenarioFile['steps'][number];

/** Keys of a step beside its action. */
const besideAction: readonly string[] = ['say', 'only', 'check', 'headline'] satisfies (keyof StepFile)[];

/** What a step can do. A step does exactly one of these. */
export const actions = (Object.keys(stepSchema.shape) as (keyof StepFile)[]).filter((key) => !besideAction.includes(key));
