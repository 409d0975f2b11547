/** Starts a lab: its folder, its fault proxy, its MTA processes. */
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { LabClock } from '@mtalab/transport';
import { CaptureFile } from '../capture/capture-file.js';
import { HarnessError, messageOf } from '../process/errors.js';
import { FaultProxy } from '../proxy/fault-proxy.js';
import { labTimers } from '../proxy/lab-timers.js';
import { faultRecordOf, recordFaults } from './fault-record.js';
import { makeFolder, TemporaryFolder } from './folder.js';
import { Lab } from './lab.js';
import { Members } from './members.js';
import { linksAt } from './neighbours.js';
import { defaultBindings, type LabOptions, type LabPlan, planOf } from './options.js';

/** Lets the signal of the options end a lab. */
function abortWith(lab: Lab, signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  const abort = (): void => void lab.abort(signal.reason).catch(() => {});
  signal.addEventListener('abort', abort, { once: true });
  lab.onClose(() => signal.removeEventListener('abort', abort));
}

/**
 * Starts a lab: first the proxy, if it has one, then the MTA processes. If anything fails, it ends what it started and removes
 * a temporary folder before it throws.
 * @throws HarnessError naming the wrong option, or the process and its stderr. The reason of the signal, if it aborts the start.
 */
export async function startLab(options: LabOptions): Promise<Lab> {
  // Wrong options fail before anything is made.
  planOf(options, '');
  const { signal } = options;
  signal?.throwIfAborted();
  const temporary = options.dir === undefined ? await TemporaryFolder.make() : undefined;
  const dir = temporary?.path ?? (await keptFolder(options.dir as string));
  const plan = planOf(options, dir);
  let proxy: FaultProxy | undefined;
  let lab: Lab | undefined;
  try {
    const file = plan.capture === undefined ? undefined : await CaptureFile.open(resolve(plan.capture));
    const clock = clockFor(plan);
    proxy = await proxyOf(plan, clock).catch(async (error: unknown) => {
      await file?.close();
      throw error;
    });
    const members = new Members(plan, clock, proxy, async () => lab?.updateRegistry());
    if (temporary !== undefined) temporary.endWriters = () => members.kill();
    // The capture begins before the MTAs do.
    const captured = proxy === undefined ? undefined : file?.write(proxy.capture());
    lab = new Lab(members, randomBytes(6).toString('hex'), temporary, captured);
    if (plan.journal && proxy !== undefined) lab.onClose(recordFaults(proxy, clock, faultRecordOf(dir)));
    abortWith(lab, signal);
    await members.start();
    signal?.throwIfAborted();
    return lab;
  } catch (failure) {
    // An abort makes the start fail in many ways. Its reason is the same as that of other functions with a signal.
    const error = signal?.aborted === true ? signal.reason : failure;
    if (lab !== undefined) await lab.close().catch(() => {});
    else {
      await proxy?.close();
      await temporary?.remove();
    }
    throw error;
  }
}

function clockFor({ timeScale, clockOf }: LabPlan): LabClock {
  if (clockOf === undefined) return new LabClock({ timeScale });
  const { line, offsetMs } = clockOf.clock;
  return new LabClock({ ...line, offsetMs });
}

/** Starts two MTAs, by default `MTA-A` for `a.example` and `MTA-B` for `b.example`. */
export async function spawnPair(options: LabOptions): Promise<Lab> {
  const { names } = options;
  // Other wrong names get an error of their own.
  if (Array.isArray(names) && names.length !== 2) throw new HarnessError(`names: a pair has two MTAs, not ${names.length}`);
  return startLab(options);
}

async function keptFolder(path: string): Promise<string> {
  // An unset shell variable must not fill the current folder.
  if (path === '') throw new HarnessError('dir: the name of the folder is empty');
  const dir = resolve(path);
  try {
    await makeFolder(dir);
  } catch (error) {
    throw new HarnessError(`cannot make the lab's folder ${dir}: ${messageOf(error)}`, { cause: error });
  }
  return dir;
}

/** An address that all MTAs can dial: IPv6 if one of them has only IPv6. */
function proxyAddress({ names, bindings }: LabPlan): '127.0.0.1' | '::1' {
  const onlyIpv6 = names.some((name) => {
    const enabled = (bindings?.[name] ?? defaultBindings).filter((binding) => binding.enabled !== false);
    return enabled.every(({ address = '127.0.0.1' }) => address.includes(':'));
  });
  return onlyIpv6 ? '::1' : '127.0.0.1';
}

async function proxyOf(plan: LabPlan, clock: LabClock): Promise<FaultProxy | undefined> {
  if (!plan.proxied) return undefined;
  const links = plan.names.flatMap((name) => linksAt(plan, name).map((link) => ({ name, link })));
  const proxy = await FaultProxy.start({ links, address: proxyAddress(plan), clock: labTimers(clock) });
  try {
    for (const fault of plan.faults) proxy.add(fault);
  } catch (error) {
    await proxy.close();
    throw error;
  }
  return proxy;
}
