/** What a test file leaves outside its process goes with it, also if a signal ends it: tap's time limit is SIGALRM. */
import type { ChildProcess } from 'node:child_process';

const signals = ['SIGALRM', 'SIGHUP', 'SIGINT', 'SIGTERM'] as const;
const cleanups: (() => void)[] = [];

function cleanUp(): void {
  for (const each of cleanups.splice(0).toReversed()) each();
}

/** Calls the function when this process ends, unless SIGKILL ends it. The last one given is called first. */
export function atEnd(cleanup: () => void): void {
  if (cleanups.length === 0) {
    process.on('exit', cleanUp);
    for (const signal of signals) process.on(signal, onSignal);
  }
  cleanups.push(cleanup);
}

/** Cleans up, and leaves the signal to the others who listen, such as tap, or to the system. */
function onSignal(signal: NodeJS.Signals): void {
  cleanUp();
  for (const each of signals) process.off(each, onSignal);
  process.kill(process.pid, signal);
}

let running: Set<ChildProcess> | null = null;

/** Kills a child when this process ends. */
export function endsWithTest<Child extends ChildProcess>(child: Child): Child {
  if (running === null) {
    const all = new Set<ChildProcess>();
    running = all;
    atEnd(() => {
      for (const each of all) each.kill('SIGKILL');
    });
  }
  const children = running;
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}
