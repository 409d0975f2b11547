/**
 * A stand-in for an MTA process that keeps only the contract of the harness (IPC, configuration file, control channel).
 * It delivers each submission to its own mailbox at once. `FAKE_*` in the environment makes it misbehave.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { onParentExit } from '@mtalab/harness';
import { type ClockLine, isBatch, LabClock, readBatch } from '@mtalab/transport';
import { WebSocketServer } from 'ws';

type Settings = {
  name: string;
  clock: { timeScale: number; epochMs: number; baseMs: number; offsetMs: number };
  legacy: string[];
};
type Row = { id: string; copy: number };

onParentExit(() => process.exit(1));
const misbehave = (what: string): boolean => process.env[`FAKE_${what}`] !== undefined;
// It also survives the signal that follows a late answer.
if (misbehave('STAYS')) process.on('SIGTERM', () => undefined);
const file = process.argv[process.argv.indexOf('--config') + 1] ?? '';
const config = JSON.parse(readFileSync(file, 'utf8')) as Settings & { [key: string]: unknown };
const folder = dirname(file);
const data = join(folder, 'data');
mkdirSync(data, { recursive: true });

if (misbehave('DIES')) {
  process.stderr.write('cannot open the store: it is full of holes\n');
  process.exit(3);
}

const clock = new LabClock(config.clock);
const startedAtMs = clock.nowMs();
const livesFile = join(data, 'lives');
const incarnation = (existsSync(livesFile) ? Number(readFileSync(livesFile, 'utf8')) : 0) + 1;
writeFileSync(livesFile, String(incarnation));
const rowsFile = join(data, 'rows.jsonl');
const rows: Row[] = existsSync(rowsFile)
  ? readFileSync(rowsFile, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Row)
  : [];
const notices: object[] = [];
const followers = new Set<(line: object) => void>();
const uploads = new Map<string, Buffer[]>();
/** Lab times at which its ten-minute timer has fired. */
const fired: number[] = [];
let submitted = 0;
let timer: NodeJS.Timeout | undefined;

function deadline(): number {
  return startedAtMs + (fired.length + 1) * 600_000;
}

function armTimer(): void {
  clearTimeout(timer);
  timer = setTimeout(() => {
    if (clock.nowMs() >= deadline()) fired.push(clock.nowMs());
    armTimer();
  }, clock.realDelayUntil(deadline()));
}

function submit(args: { submissionId: string; content?: string; upload?: string }): object {
  const octets =
    args.upload === undefined ? Buffer.from(args.content ?? '', 'base64') : Buffer.concat(uploads.get(args.upload) ?? []);
  if (octets.toString('latin1').startsWith('X-Refuse')) throw new Error('content: this MTA does not like it');
  const known = rows.find((row) => row.id === args.submissionId);
  if (known !== undefined) return { mtsId: `fake-${known.copy}`, known: true };
  const row = { id: args.submissionId, copy: incarnation * 2 ** 32 + rows.length };
  rows.push(row);
  submitted += 1;
  appendFileSync(rowsFile, `${JSON.stringify(row)}\n`);
  const box = join(folder, 'mailboxes', 'a.example', 'ada', 'new');
  mkdirSync(box, { recursive: true });
  writeFileSync(join(box, `1.C${row.copy}Mabc.fake`), octets);
  const marker = join(data, 'died');
  if (misbehave('DIES_ON_SUBMIT') && rows.length === 3 && !existsSync(marker)) {
    writeFileSync(marker, '');
    process.kill(process.pid, 'SIGKILL');
  }
  const now = clock.nowMs();
  const line = {
    t: now,
    node: config.name,
    copy: row.copy,
    mtsId: `fake-${row.copy}`,
    mailbox: 'ada@a.example',
    originator: 'ada@a.example',
    priority: 'normal',
    contentType: 'message/rfc822',
    submittedAtMs: now - 10,
    delayMs: 10,
    sizeBytes: octets.length,
    n: notices.length + 1,
  };
  notices.push(line);
  for (const follower of followers) follower(line);
  return { mtsId: line.mtsId, known: false };
}

const listener = createServer((socket) => socket.resume());
listener.listen(0, '127.0.0.1', () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 }, () => {
    const { port } = server.address() as { port: number };
    const tokenFile = join(data, 'control.token');
    writeFileSync(tokenFile, 'secret\n');
    const ports = [(listener.address() as { port: number }).port];
    const ready = {
      type: 'ready',
      mta: config.name,
      pid: process.pid,
      endpoints: [`127.0.0.1[${ports[0]}]`],
      x400: [],
      ports,
      control: `ws://127.0.0.1:${port}`,
      tokenFile,
    };
    if (!misbehave('SILENT')) process.send?.(ready);
  });
  server.on('connection', (socket) => {
    const push = (line: object): void => socket.send(JSON.stringify({ stream: 'deliveries', entries: [line] }));
    const commands: Record<string, (args: never) => unknown> = {
      status: () => ({
        mta: config.name,
        pid: process.pid,
        phase: 'running',
        domains: ['a.example'],
        incarnation,
        version: '5.5',
        build: '2653.23',
        nt: null,
        nowMs: clock.nowMs(),
        timeScale: clock.timeScale,
        endpoints: [],
        x400: null,
        mapper: [],
        smtp: null,
        metrics: null,
        queuedCopies: 0,
        pendingWork: 0,
        waits: [],
        nextDeadlineMs: deadline(),
        counters: { submitted, delivered: submitted, deadLetters: 0, loopsDetected: 0, reports: 0, setAside: 0 },
        delays: { count: 0, meanMs: 0, maxMs: 0 },
        turnsGiven: 2,
        associationsOpened: 1,
        memory: { rssBytes: 0 },
        cpu: { userS: 0, systemS: 0 },
        sockets: [],
        legacy: config.legacy,
        fired,
        told,
      }),
      associations: () => [],
      submit,
      set: (args: { article: string }) => ({ legacy: [args.article] }),
      endpoints: (args: { endpoints: readonly string[] }) => {
        told.push(args);
        return { endpoints: args.endpoints };
      },
      retry: () => ({}),
      clock: (args: { offsetMs?: number; line?: ClockLine }) => {
        if (args.offsetMs !== undefined) clock.setOffset(args.offsetMs);
        if (args.line !== undefined) clock.setLine(args.line);
        armTimer();
        return { nowMs: clock.nowMs(), offsetMs: clock.offsetMs, timeScale: clock.timeScale };
      },
      'upload-begin': (args: { upload: string }) => void uploads.set(args.upload, []),
      subscribe: (args: { stream: string; since?: number }) => {
        if (args.stream !== 'deliveries') return { stream: args.stream, latest: 0 };
        queueMicrotask(() => {
          for (const line of notices.slice(args.since ?? notices.length)) push(line);
          followers.add(push);
        });
        return { stream: 'deliveries', latest: notices.length };
      },
      stop: () => {
        if (misbehave('STAYS')) return { limitMs: 0 };
        setImmediate(() => {
          rmSync(join(data, 'control.token'));
          process.exit(0);
        });
        return { limitMs: 0 };
      },
    };
    const answerBatch = (frame: Buffer): void => {
      const { id, messages } = readBatch(frame);
      const mtsIds: (string | null)[] = [];
      const refused: [number, string][] = [];
      for (const [place, message] of messages().entries()) {
        try {
          if (message instanceof Error) throw message;
          const { content, ...envelope } = message;
          const answer = submit({ ...envelope, content: Buffer.from(content).toString('base64') } as never) as { mtsId: string };
          mtsIds.push(answer.mtsId);
        } catch (error) {
          mtsIds.push(null);
          refused.push([place, (error as Error).message]);
        }
      }
      socket.send(JSON.stringify({ id, ok: true, result: { mtsIds, known: [], refused } }));
    };
    socket.on('close', () => followers.delete(push));
    socket.on('message', (octets: Buffer, binary) => {
      if (binary && isBatch(octets)) {
        if (misbehave('MUTE')) return;
        answerBatch(octets);
        return;
      }
      if (binary) {
        const id = octets.subarray(1, 1 + (octets[0] ?? 0)).toString('latin1');
        const pieces = uploads.get(id) ?? [];
        pieces.push(Buffer.from(octets.subarray(1 + id.length)));
        socket.send(JSON.stringify({ upload: id, receivedBytes: pieces.reduce((sum, piece) => sum + piece.length, 0) }));
        return;
      }
      const { id, cmd, ...args } = JSON.parse(octets.toString('utf8')) as { id: number; cmd: string };
      if (misbehave('MUTE') && cmd !== 'subscribe') return;
      try {
        const result = commands[cmd]?.(args as never);
        socket.send(JSON.stringify({ id, ok: true, result: result ?? {} }));
      } catch (error) {
        socket.send(JSON.stringify({ id, ok: false, error: (error as Error).message }));
      }
    });
  });
});
const told: object[] = [];
armTimer();
