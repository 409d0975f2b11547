/** Mail tools at both ends of a pair: swaks and smtp-source submit to MTA-A, and MTA-B delivers to smtp-sink. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'tap';
import { endsWithTest } from '../support/at-end.js';
import { interrupt, mtalab, run, start } from './shell.js';

const [smtpSource, smtpSink] = ['/usr/sbin/smtp-source', '/usr/sbin/smtp-sink'];
const hasSwaks = spawnSync('swaks', ['--version'], { stdio: 'ignore' }).status === 0;
const hasPostfix = existsSync(smtpSource) && existsSync(smtpSink);
const missing = hasSwaks && hasPostfix ? false : 'needs swaks, and smtp-source and smtp-sink of Postfix';

const bySource = 60;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

function listens(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.on('error', () => done(false));
  });
}

/** smtp-sink takes no port of the system's choice, so another port is tried if the first one has been taken meanwhile. */
async function sink(folder: string): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  for (;;) {
    const port = await freePort();
    const argv = [...user, '-D', join(folder, 'dump'), `127.0.0.1:${port}`, '64'];
    const child = endsWithTest(spawn(smtpSink, argv, { stdio: 'ignore' }));
    while (child.exitCode === null) {
      if (await listens(port)) return { child, port };
      await new Promise((done) => setTimeout(done, 10));
    }
  }
}

test('swaks and smtp-source submit, smtp-sink receives', { skip: missing }, async (t) => {
  const folder = join(t.testdir(), 'sink');
  mkdirSync(folder);
  // smtp-sink gives up its privileges.
  chmodSync(folder, 0o777);
  const { child, port } = await sink(folder);
  t.teardown(() => child.kill('SIGKILL'));
  const dir = join(folder, '..', 'lab');
  const pair = start('pair', '--json', '--dir', dir, '--smtp', 'MTA-A=0', '--delivery', 'smtp', '--smart-host', String(port));
  const ready = (await pair.next()) as { readonly mtas: readonly { readonly smtp: readonly string[] }[] };
  const [, place = ''] = /\[(\d+)\]$/.exec(ready.mtas[0]?.smtp[0] ?? '') ?? [];
  t.same(ready.mtas[1]?.smtp, []);
  const content = ['Subject: dots', '', '.', '..two', 'gr\u00fc\u00dfe', ''];
  const file = join(folder, 'letter.eml');
  writeFileSync(file, content.join('\n'));
  const letter = ['--from', 'ann@a.example', '--to', 'ben@b.example,eve@b.example', '--data', `@${file}`];
  const server = ['--server', '127.0.0.1', '--port', place, '--hide-all'];
  const [one, many] = await Promise.all([
    run('swaks', [...server, ...letter]),
    run(smtpSource, [
      '-4',
      '-d',
      '-s',
      '6',
      '-m',
      String(bySource),
      '-l',
      '4000',
      '-f',
      'load@a.example',
      '-t',
      'u@b.example',
      `127.0.0.1:${place}`,
    ]),
  ]);
  t.match(one, { code: 0 }, 'swaks');
  t.match(many, { code: 0 }, 'smtp-source');
  const wrong = await run('swaks', [...server, '--from', 'ann@a.example', '--to', 'ben..smith@b.example']);
  t.equal(wrong.code, 24, 'swaks says so of a refused recipient');
  const dump = (): string => (existsSync(join(folder, 'dump')) ? readFileSync(join(folder, 'dump'), 'utf8') : '');
  const all = bySource + 2;
  while (dump().split('X-Mail-Args:').length - 1 < all) {
    if (child.exitCode !== null || pair.child.exitCode !== null) break;
    await new Promise((done) => setTimeout(done, 20));
  }
  const status = JSON.parse((await mtalab('status', '--dir', dir, '--json')).stdout) as readonly { readonly smtp: object }[];
  t.match(status[0]?.smtp, { endpoint: ready.mtas[0]?.smtp[0], accepted: bySource + 1, refused: 0 });
  t.equal(status[1]?.smtp, null);
  interrupt(pair);
  t.same(await pair.ended, [0, null]);
  const text = dump();
  t.equal(text.split('X-Mail-Args: <load@a.example>').length - 1, bySource, 'each of smtp-source');
  t.equal(text.split(content.join('\n')).length - 1, 2, 'the letter, for each of its recipients');
  for (const to of ['ben', 'eve']) t.ok(text.includes(`X-Rcpt-Args: <${to}@b.example>`));
});
