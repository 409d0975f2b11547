/** The settings of an MTA in the configuration file: range, Exchange's names, unit and default of each. */
import { defaultSettings, mostActivities, overridable, type Settings } from '@mtalab/mta-core';
import type * as z from 'zod';
import { choice, flag, mapping, whole } from './schema-fields.js';

/** `page`: the name on Exchange's property page. `attribute`: the name in its directory. A setting without names is our own. */
type SettingText = { readonly page?: string; readonly attribute?: string; readonly unit?: string; readonly means: string };
type NumberSetting = SettingText & { readonly min: number; readonly max: number };

const daysS = 604_800;

const numbers = {
  checkpointSizeK: {
    page: 'Checkpoint size (K)',
    attribute: 'RTS-Checkpoint-Size',
    unit: '1024 octets',
    means: 'Content sent between two checkpoints. 0: no checkpoints.',
    min: 0,
    max: 1024,
  },
  recoveryTimeoutS: {
    page: 'Recovery timeout (sec)',
    attribute: 'RTS-Recovery-Timeout',
    unit: 'seconds',
    means: 'How long the MTA keeps the checkpoints of an interrupted transfer. Later the message starts again.',
    min: 0,
    max: daysS,
  },
  windowSize: {
    page: 'Window size',
    attribute: 'RTS-Window-Size',
    unit: 'segments',
    means: 'Unconfirmed segments that one transfer may have.',
    min: 1,
    max: 64,
  },
  activitiesInFlight: {
    unit: 'activities',
    means:
      'Unconfirmed activities that one side may have on one association, if the other MTA agrees; both keep to the smaller number. 1: each activity is confirmed before the next begins, as X.228 has it. An X.400 connector always has 1.',
    min: 1,
    max: mostActivities,
  },
  maxOpenRetries: {
    page: 'Max open retries',
    attribute: 'Num-Of-Open-Retries',
    means: 'Attempts to open an association, after the first, before the MTA reports queued mail as not delivered.',
    min: 0,
    max: 100_000,
  },
  maxTransferRetries: {
    page: 'Max transfer retries',
    attribute: 'Num-Of-Transfer-Retries',
    means: 'Attempts to transfer a message over open associations, after the first, before the MTA reports it as not delivered.',
    min: 0,
    max: 100_000,
  },
  openRetryIntervalS: {
    page: 'Open interval (sec)',
    attribute: 'Open-Retry-Interval',
    unit: 'seconds',
    means: 'Wait after a failed attempt to open an association.',
    min: 1,
    max: daysS,
  },
  transferRetryIntervalS: {
    page: 'Transfer interval (sec)',
    attribute: 'Transfer-Retry-Interval',
    unit: 'seconds',
    means: 'Wait after a transfer failed on an open association.',
    min: 1,
    max: daysS,
  },
  associationLifetimeS: {
    page: 'Lifetime (sec)',
    attribute: 'Association-Lifetime',
    unit: 'seconds',
    means: 'Time that an association stays open with nothing to send.',
    min: 1,
    max: daysS,
  },
  disconnectS: {
    page: 'Disconnect (sec)',
    attribute: 'Session-Disconnect-Timer',
    unit: 'seconds',
    means: 'Time that the MTA keeps a lost association for recovery.',
    min: 1,
    max: daysS,
  },
  threshold: {
    page: 'Threshold (msgs)',
    attribute: 'Temp-Assoc-Threshold',
    unit: 'messages',
    means: 'Messages queued per association at which another association opens.',
    min: 1,
    max: 1_000_000,
  },
  transferTimeoutUrgentSPerK: {
    page: 'Transfer timeouts (sec/K): urgent',
    attribute: 'Transfer-Timeout-Urgent',
    unit: 'seconds per 1024 octets',
    means: 'Time that the transfer of an urgent message may take.',
    min: 1,
    max: daysS,
  },
  transferTimeoutNormalSPerK: {
    page: 'Transfer timeouts (sec/K): normal',
    attribute: 'Transfer-Timeout-Normal',
    unit: 'seconds per 1024 octets',
    means: 'Time that the transfer of a normal message may take.',
    min: 1,
    max: daysS,
  },
  transferTimeoutNonUrgentSPerK: {
    page: 'Transfer timeouts (sec/K): non-urgent',
    attribute: 'Transfer-Timeout-Non-Urgent',
    unit: 'seconds per 1024 octets',
    means: 'Time that the transfer of a non-urgent message may take.',
    min: 1,
    max: daysS,
  },
  turnRequestThreshold: {
    attribute: 'Turn-Request-Threshold',
    unit: 'transfers',
    means:
      'Transfers that the holder of the Turn may still make after the other side asked for the Turn. Exchange documents no default.',
    min: 0,
    max: 1_000_000,
  },
  rpcCallTimeoutS: {
    unit: 'seconds',
    means: 'Wait for the answer to an RPC call. Then the MTA cancels the call.',
    min: 1,
    max: daysS,
  },
  dialTimeoutS: { unit: 'seconds', means: 'Limit for dialling and binding one string binding.', min: 1, max: daysS },
  openTimeoutS: {
    unit: 'seconds',
    means:
      'Limit for one opening to dial and bind. The next opening goes on with the string bindings that are left. Calls have rpcCallTimeoutS.',
    min: 1,
    max: daysS,
  },
  stopTimeoutS: {
    unit: 'seconds',
    means: 'How long a stop waits for associations to close in order. Then it aborts them.',
    min: 1,
    max: daysS,
  },
  maxAssociationsPerMta: {
    unit: 'associations',
    means:
      'Limit of associations with one adjacent MTA. Urgent messages may open one more. More than 240 also need maxAssociations and, at four connections each, maxConnections.',
    min: 1,
    max: 1000,
  },
  maxAssociations: {
    unit: 'associations',
    means: 'Limit of LAN associations over the whole locality table. Those of X.400 connectors do not count.',
    min: 1,
    max: 10_000,
  },
  maxQueuedCopies: {
    unit: 'copies of messages',
    means:
      'Limit of copies in all queues of this MTA. Above it, the MTA refuses submissions and transfers. It still takes a transfer whose recipients all have mailboxes here, until this many copies wait for mailboxes.',
    min: 1,
    max: 10_000_000,
  },
  envelopesInMemory: {
    unit: 'copies of messages',
    means:
      'Copies of each queue whose envelopes are in memory. The envelopes of the others stay in the store until they come near the front of the queue.',
    min: 1,
    max: 1_000_000,
  },
  maxMessageBytes: { unit: 'octets', means: 'Largest content of a message.', min: 1, max: 1_073_741_824 },
  controlBlocks: {
    unit: 'control blocks',
    means: 'TCP/IP control blocks for X.400 connectors. Each connection uses one, and so does the listener.',
    min: 2,
    max: 65_535,
  },
  maxConnections: {
    unit: 'connections',
    means: 'Limit of RPC connections of this MTA, both dialled and accepted.',
    min: 4,
    max: 65_536,
  },
} as const satisfies Partial<Record<keyof Settings, NumberSetting>>;

const others = {
  thresholdRule: {
    means:
      'When another association opens. `reached`: at the threshold. `exceeded`: at one message more, as the property page says.',
  },
  twoWayAlternate: {
    page: 'Two-way alternate',
    attribute: 'Two-Way-Alternate-Facility',
    means: 'May the Turn pass to the other side?',
  },
  localInitialTurn: { attribute: 'Local-Initial-Turn', means: 'Does the side that opens an association have the Turn first?' },
} as const satisfies Partial<Record<keyof Settings, SettingText>>;

/** This does not compile if a setting of the core is missing above. */
type Missing = Exclude<keyof Settings, keyof typeof numbers | keyof typeof others>;
const nothingMissing: [Missing] extends [never] ? true : Missing = true;
void nothingMissing;

function described(key: keyof Settings, setting: SettingText): string {
  const names = [setting.page === undefined ? '' : `"${setting.page}"`, setting.attribute ?? '']
    .filter((name) => name !== '')
    .join(', ');
  const origin = names === '' ? 'Own setting.' : `Exchange: ${names}.`;
  const unit = setting.unit === undefined ? '' : ` Unit: ${setting.unit}.`;
  return `${setting.means} ${origin}${unit} Default: ${defaultSettings[key]}.`;
}

type NumberKey = keyof typeof numbers;
type NumberShape = { readonly [Key in NumberKey]: z.ZodDefault<z.ZodInt> };

const numberShape = Object.fromEntries(
  Object.entries(numbers).map(([key, setting]) => {
    const name = key as NumberKey;
    return [name, whole(setting.min, setting.max).default(defaultSettings[name]).describe(described(name, setting))];
  }),
) as unknown as NumberShape;

/** Says what is wrong with the value of a setting. Undefined if the value is right. */
export function settingProblem(name: keyof Settings, value: unknown): string | undefined {
  const parsed = settingsSchema.shape[name].safeParse(value);
  return parsed.success ? undefined : parsed.error.issues[0]?.message;
}

export const settingsSchema = mapping({
  ...numberShape,
  thresholdRule: choice(['reached', 'exceeded'])
    .default(defaultSettings.thresholdRule)
    .describe(described('thresholdRule', others.thresholdRule)),
  twoWayAlternate: flag().default(defaultSettings.twoWayAlternate).describe(described('twoWayAlternate', others.twoWayAlternate)),
  localInitialTurn: flag()
    .default(defaultSettings.localInitialTurn)
    .describe(described('localInitialTurn', others.localInitialTurn)),
});

type Overridable = (typeof overridable)[number];
type OverrideShape = { readonly [Key in Overridable]: z.ZodOptional<ReturnType<(typeof settingsSchema.shape)[Key]['unwrap']>> };

/** The settings that an X.400 connector may have for itself. */
export const overridesSchema = mapping(
  Object.fromEntries(
    overridable.map((name) => {
      const field = settingsSchema.shape[name];
      const means = (field.description ?? '').replace(/ Default: \S+$/, ' Default: the setting of the MTA.');
      return [name, field.unwrap().optional().describe(means)];
    }),
  ) as unknown as OverrideShape,
);
