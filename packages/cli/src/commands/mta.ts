/** `mtalab mta --config FILE`: runs one MTA in this process. */
import { logFolderOf, MtaCaptures, onParentExit, registerRun } from '@mtalab/harness/single';
import { levelsOf } from '@mtalab/mta-core';
import { Diagnostics, LabClock, type RunningMta, type StartOptions, startMta } from '@mtalab/transport';
import { type CommandIo, outJsonLine } from '../command-io.js';
import type { CommandRun } from '../command-tree/command-entry.js';
import { type LoadedConfig, loadConfig } from '../config/index.js';
import { messageOf } from '../errors.js';
import { onInterrupt } from '../interrupt.js';
import { createLogs } from '../logs/mta-logs.js';
import { RemoteCaptures } from '../pair/remote-captures.js';

/** A supervisor starts its MTAs with an IPC channel. */
function isSupervised(): boolean {
  return typeof process.send === 'function';
}

/** Sends the ready message to the supervisor. Without a supervisor, prints the same for people or as JSON. */
function announce(io: CommandIo, running: RunningMta, json: boolean): void {
  const ready = {
    type: 'ready',
    mta: running.name,
    pid: process.pid,
    endpoints: running.endpoints,
    x400: running.x400,
    mapper: running.mapper,
    smtp: running.smtp,
    metrics: running.metrics,
    ports: running.ports,
    control: running.control,
    tokenFile: running.tokenFile,
  };
  if (isSupervised()) process.send?.(ready, undefined, undefined, () => undefined);
  else if (json) outJsonLine(io, ready);
  else {
    const mapper = running.mapper.length === 0 ? '' : `, endpoint mapper on ${running.mapper.join(', ')}`;
    const connector = running.x400.length === 0 ? '' : `, X.400 connector on ${running.x400.join(', ')}`;
    const smtp = running.smtp.length === 0 ? '' : `, SMTP listener on ${running.smtp.join(', ')}`;
    const metrics = running.metrics === null ? '' : `; metrics at ${running.metrics}`;
    const places = `${running.endpoints.join(', ')}${connector}${mapper}${smtp}`;
    io.err(`${running.name} (pid ${process.pid}) listens on ${places}; control channel ${running.control}${metrics}`);
    io.err('Ctrl-C stops it in order.');
  }
}

/**
 * Registers the MTA as a run, unless a supervisor has done so, announces it, and waits for its end. Who reads the
 * announcement can find the MTA.
 * @returns the exit code.
 */
async function untilEnded(running: RunningMta, { file, data: dir, mta }: LoadedConfig, announced: () => void): Promise<number> {
  const { name, control, tokenFile } = running;
  const { pid } = process;
  try {
    const mtas = [{ mta: name, domains: mta.localDomains, config: file, process: { pid, control, tokenFile } }];
    const registration = isSupervised() ? undefined : await registerRun({ pid, startedAt: new Date().toISOString(), dir, mtas });
    announced();
    const { code } = await running.ended;
    await registration?.remove();
    return code;
  } catch (error) {
    // No command could find the MTA, so it must not run on.
    await running.stop();
    throw error;
  }
}

/** For `mtalab capture`. A supervisor records at its proxy, which also shows what faults do. */
function capturesOf(name: string): NonNullable<StartOptions['captures']> {
  const captures = new MtaCaptures(name);
  const remote = new RemoteCaptures();
  return {
    tap: captures.tap,
    service: {
      begin: (packets) => remote.begin(captures.begin({ maxPackets: packets })),
      read: (capture) => remote.read(capture),
      end: (capture) => remote.end(capture),
      finish: () => {
        captures.end();
        return remote.finish();
      },
    },
  };
}

/** Runs the MTA until it stops. @returns the exit code. */
async function runMta(io: CommandIo, file: string, json: boolean): Promise<number> {
  const loaded = loadConfig(file);
  const clock = new LabClock(loaded.clock);
  const logs = createLogs({
    folder: logFolderOf(loaded.data),
    console: loaded.log.console,
    node: loaded.mta.name,
    version: loaded.mta.version,
    nowMs: () => clock.nowMs(),
  });
  // A signal during the start must stop the MTA too.
  const interrupt = onInterrupt();
  try {
    const running = await startMta({
      config: loaded.mta,
      dataFolder: loaded.data,
      delivery: loaded.delivery,
      ...(loaded.smtp === undefined ? {} : { smtp: loaded.smtp }),
      clock,
      nt: loaded.nt,
      control: loaded.control,
      ...(loaded.metrics === undefined ? {} : { metrics: loaded.metrics }),
      journal: loaded.journal,
      ...(isSupervised() ? {} : { captures: capturesOf(loaded.mta.name) }),
      diagnostics: new Diagnostics(levelsOf(loaded.log.level, loaded.log.levels)),
      hooks: {
        event: logs.event,
        apdu: logs.apdu,
        log: (level, text) => logs[level](text),
      },
    });
    interrupt.signal.addEventListener('abort', () => void running.stop());
    if (interrupt.signal.aborted) void running.stop();
    return await untilEnded(running, loaded, () => announce(io, running, json));
  } catch (error) {
    logs.error(`the MTA does not start: ${messageOf(error)}`);
    throw error;
  } finally {
    interrupt.dispose();
    await logs.close();
  }
}

export const run: CommandRun = async ({ io, options }) => {
  const { config, json } = options as { readonly config: string; readonly json?: boolean };
  // Without its supervisor the MTA ends at once, as in a power failure. The store survives that.
  const detach = onParentExit(() => process.exit(1));
  try {
    return await runMta(io, config, json === true);
  } finally {
    detach();
  }
};
