/**
 * The library: your program starts pairs of MTAs as processes and controls them.
 *
 *     await using pair = await spawnPair({ legacy: { 'MTA-A': ['Q166594'] } });
 *     await pair.submit('MTA-A', { originator: 'ada@a.example', recipients: ['ben@b.example'], content });
 *     await pair.waitForDelivered(1);
 */
import { type Lab, type LabOptions, spawnPair as spawnPairOf } from '@mtalab/harness';
import { renderConfig } from './config/index.js';
import { mtaCommand } from './mta-command.js';

/** All options of a lab but two: this package knows how to run an MTA and how to write its configuration. */
export type PairOptions = Omit<LabOptions, 'command' | 'renderConfig'>;

/** Starts two MTAs, by default `MTA-A` for a.example and `MTA-B` for b.example. `close()` stops them in order. */
export function spawnPair(options: PairOptions = {}): Promise<Lab> {
  return spawnPairOf({ ...options, command: mtaCommand, renderConfig });
}

export type { Lab, LabMessage, LabSummary, MtaProcess, MtaStatus } from '@mtalab/harness';
export type { MtaConfig, Priority, Settings } from '@mtalab/mta-core';
export { ConfigError, configSchema, type LoadedConfig, loadConfig, renderConfig, renderConfigSchema } from './config/index.js';
export { createLogs, type Logs, type LogsOptions } from './logs/mta-logs.js';
