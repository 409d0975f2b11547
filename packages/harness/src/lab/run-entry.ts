/** The entry of a lab in the registry of runs. */
import type { ControlAddress, RunEntry } from '../registry/registry.js';
import type { Members } from './members.js';

/** @param lab the control channel of the lab itself, if it has one. */
export function runEntryOf({ plan, processes }: Members, startedAt: string, lab: ControlAddress | undefined): RunEntry {
  return {
    pid: process.pid,
    startedAt,
    dir: plan.dir,
    mtas: [...processes.values()].map((one) => ({
      mta: one.name,
      domains: [plan.domains.get(one.name) ?? ''],
      config: one.configFile,
      process: one.up ? { pid: one.pid, control: one.ready.control, tokenFile: one.ready.tokenFile } : null,
    })),
    ...(lab === undefined ? {} : { lab }),
  };
}
