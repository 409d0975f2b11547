/** Runs the bare baseline once: two processes of `bare.ts`; the sender starts with the product's backlog. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Load, loadBacklog, proveExactlyOnce } from './backlog.js';
import { type RunFigures, type Sample, type Watched, watch } from './figures.js';
import type { Shape } from './shape.js';

const program = fileURLToPath(new URL('./bare.js', import.meta.url));

/** The next message of a child. @throws Error when the child ends instead. */
async function answerOf(child: ChildProcess): Promise<unknown> {
  const over = new AbortController();
  try {
    const { signal } = over;
    const ended = once(child, 'exit', { signal }).then(([code]) => {
      throw new Error(`a process of the baseline ended with ${String(code)}`);
    });
    const [message] = (await Promise.race([once(child, 'message', { signal }), ended])) as unknown[];
    return message;
  } finally {
    over.abort();
  }
}

async function sampleOf(child: ChildProcess): Promise<Sample> {
  const answer = answerOf(child);
  child.send('sample');
  return (await answer) as Sample;
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.send('stop');
  await exit;
}

export async function runBaseline(dir: string, load: Load, shape: Shape): Promise<RunFigures> {
  const folders = { a: join(dir, 'a'), b: join(dir, 'b') };
  loadBacklog(folders.a, load);
  const running: ChildProcess[] = [];
  const started = async (...args: readonly string[]): Promise<{ child: ChildProcess; port: number }> => {
    const child = fork(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    running.push(child);
    const { port } = (await answerOf(child)) as { readonly port: number };
    return { child, port };
  };
  let watched: Watched;
  try {
    const receiver = await started('receiver', folders.b);
    const { associations, perAssociation } = shape;
    const sender = await started('sender', folders.a, String(receiver.port), String(associations), String(perAssociation));
    watched = await watch(load, () => Promise.all([sampleOf(sender.child), sampleOf(receiver.child)]));
  } finally {
    // The sender first, which waits for the answers to what it has sent.
    for (const child of running.toReversed()) await stopped(child);
  }
  proveExactlyOnce(folders.a, folders.b, load, watched.whole);
  return watched.figures;
}
