/** `mtalab top` and `mtalab ladder --follow` at a running pair. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Test, test } from 'tap';
import { endsWithTest } from '../support/at-end.js';
import { command } from '../support/command.js';
import { namingBreaches } from '../support/names.js';
import { bin, home, startPair } from './pair-process.js';

const dir = join(home, 'watched');
const letter = join(home, 'letter.eml');
writeFileSync(letter, 'Subject: watched\r\n\r\n');
const pair = startPair(['--dir', dir, '--journal', '--fault', 'cut before turn-give 1']);

type Watching = { readonly child: ChildProcess; readonly until: (found: RegExp) => Promise<string>; readonly said: () => string };

/** Starts a command that goes on. `until` waits for a line; the time limit of the test ends it otherwise. */
function watching(t: Test, ...argv: readonly string[]): Watching {
  const child = endsWithTest(spawn(process.execPath, [bin, ...argv, '--dir', dir], { stdio: ['ignore', 'pipe', 'pipe'] }));
  t.teardown(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const take = (line: string): void => {
    lines.push(line);
    for (const check of waiting) check();
  };
  createInterface(child.stdout).on('line', take);
  createInterface(child.stderr).on('line', take);
  const until = (found: RegExp): Promise<string> =>
    new Promise((resolve) => {
      const check = (): void => {
        const line = lines.find((each) => found.test(each));
        if (line === undefined) return;
        waiting.delete(check);
        resolve(line);
      };
      waiting.add(check);
      check();
    });
  return { child, until, said: () => lines.join('\n') };
}

async function submit(from: string, to: string): Promise<void> {
  const { code, stderr } = await command('submit', letter, '--dir', dir, '--from', from, '--to', to, '--timeout', '60');
  if (code !== 0) throw new Error(stderr);
}

test('top shows both MTAs once, as text and as JSON', async (t) => {
  t.match(await pair.next(), { type: 'ready' });
  const json = await command('top', '--dir', dir, '--once', '--json', '--timeout', '60');
  t.equal(json.code, 0, json.stderr);
  const view = JSON.parse(json.stdout) as object;
  t.match(view, {
    mtas: [
      {
        mta: 'MTA-A',
        error: null,
        phase: 'running',
        restarted: false,
        rates: { deliveredPerS: 0 },
        queues: [{ queue: 'MTA-B' }, {}],
      },
      { mta: 'MTA-B', error: null },
    ],
    associations: [],
  });
  t.same(namingBreaches(view), []);
  const text = await command('top', '--dir', dir, '--once', '--timeout', '60');
  t.match(text, { code: 0, stdout: /MTA-A +running[\s\S]*MTA-B +running[\s\S]*no associations/ });
  t.match(await command('top', '--dir', dir, '--once', '--mta', 'MTA-X'), { code: 2, stderr: /unknown MTA MTA-X/ });
});

test('a ladder follows what passes, says what was lost, and goes on over a restart', async (t) => {
  const ladder = watching(t, 'ladder', '--follow');
  await ladder.until(/^UTC +Turn:/);
  await submit('a@a.example', 'b@b.example');
  await ladder.until(/-- request \d+ MtaSend rttr .*>/);
  await submit('b@b.example', 'a@a.example');
  await ladder.until(/-- request \d+ MtaSend turn-give.*-x/);
  await ladder.until(/disagree about/);
  await ladder.until(/recovery=1|both agree again/);
  t.equal((await command('restart', '--mta', 'MTA-B', '--dir', dir, '--timeout', '100')).code, 0);
  await ladder.until(/MTA-B starts again, incarnation 2/);
  for (const row of ladder.said().split('\n')) t.ok(row.length <= 100, row);
  ladder.child.kill('SIGINT');
  t.same(await once(ladder.child, 'exit'), [0, null], 'Ctrl-C ends it');

  const json = watching(t, 'ladder', '--follow', '--from-start', '--format', 'json');
  const first = JSON.parse(await json.until(/bind group=0/)) as object;
  t.match(first, { from: 'MTA-A', to: 'MTA-B', text: 'bind group=0', fate: 'passed' });
  await json.until(/starts again/);
  t.match(JSON.parse(await json.until(/"fate":"lost"/)) as object, { text: /turn-give/ });
  json.child.kill('SIGINT');
  await once(json.child, 'exit');
});

/** What a terminal shows, and whether it is as before after the end. */
function onTerminal(keys: string): { readonly text: string; readonly restored: boolean; readonly code: number } {
  const argv = ['test/cli/on_terminal.py', keys, process.execPath, bin, 'top', '--dir', dir, '--timeout', '60'];
  return JSON.parse(execFileSync('python3', argv, { encoding: 'utf8', timeout: 120_000 })) as ReturnType<typeof onTerminal>;
}

function hasPython(): boolean {
  try {
    execFileSync('python3', ['-c', 'import pty, termios']);
    return true;
  } catch {
    return false;
  }
}

test('top on a terminal obeys its keys and gives the terminal back', { skip: hasPython() ? false : 'needs python3' }, (t) => {
  for (const keys of ['spq', '\u0003', 'TERM']) {
    const { text, restored, code } = onTerminal(keys);
    t.ok(restored, `${JSON.stringify(keys)}: the terminal is as before`);
    t.equal(code, 0, JSON.stringify(keys));
    t.match(text, /MTA-A +running/);
    t.ok(text.includes('\u001b[?1049h') && text.endsWith('\u001b[?7h\u001b[?25h\u001b[?1049l'), 'the alternate screen is left');
    if (keys === 'spq') t.match(text, /PAUSED[\s\S]*s sort \(queue\)/);
  }
  t.end();
});

test('top ends with the run', async (t) => {
  const top = watching(t, 'top', '--json', '--interval', '0.1', '--timeout', '60');
  t.match(JSON.parse(await top.until(/"mtas"/)) as object, { mtas: [{ mta: 'MTA-A' }, { mta: 'MTA-B' }] });
  const ladder = watching(t, 'ladder', '--follow');
  await ladder.until(/^UTC/);
  t.equal((await command('stop', '--dir', dir, '--timeout', '100')).code, 0);
  await Promise.all([top.until(/the run in .* is over/), ladder.until(/the run is over/)]);
  for (const { child } of [top, ladder]) if (child.exitCode === null) await once(child, 'exit');
  t.same([top.child.exitCode, ladder.child.exitCode], [0, 0]);
  await pair.exited;
});
