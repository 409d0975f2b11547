/**
 * Dialogues of SMTP as data. `C: text` is a line that the client sends, `C\ "..."` octets as a JSON string, `C* 3 "..."` the same three
 * times; characters in JSON stand for single octets. `S: text` is an expected line, in which `*` stands for anything and a line that
 * goes on (`250-`) may be left out before its last one; `S* 3 text` three of them. `wait` lets what was sent arrive alone, `cut`
 * resets the connection, `half` closes the client's side, `end` waits for the server to close.
 * `M box | priority | originator | "octets"` is a message that must be in a mailbox in the end.
 */
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join, resolve } from 'node:path';

export type Expected = {
  readonly box: string;
  readonly priority: string;
  readonly originator: string;
  readonly content: Buffer;
};

export type Dialogue = {
  readonly title: string;
  /** The MTA that it is about. */
  readonly mta: string;
  readonly steps: readonly string[];
  readonly mail: readonly Expected[];
};

/** Octets of `"text"` and `3 "text"`, one after the other. */
function octetsOf(text: string): Buffer {
  const parts = text.matchAll(/(?:(\d+) )?("(?:[^"\\]|\\.)*")/g);
  return Buffer.concat(
    [...parts].map(([, count = '1', json = '""']) => Buffer.from((JSON.parse(json) as string).repeat(Number(count)), 'latin1')),
  );
}

function expectedOf(line: string): Expected {
  const [box = '', priority = '', originator = '', ...content] = line.slice(2).split(' | ');
  return { box, priority, originator: originator === '-' ? '' : originator, content: octetsOf(content.join(' | ')) };
}

function dialogueOf(section: string): Dialogue {
  const [title = '', ...lines] = section.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const own = lines.filter((line) => !line.startsWith('M ') && !line.startsWith('mta '));
  const mta = lines.find((line) => line.startsWith('mta '))?.slice(4) ?? 'usual';
  return { title, mta, steps: own, mail: lines.filter((line) => line.startsWith('M ')).map(expectedOf) };
}

/** The dialogues of the data folder, by file. */
export function dialogues(): ReadonlyMap<string, readonly Dialogue[]> {
  const folder = resolve('test/smtp/data');
  const files = readdirSync(folder).sort();
  return new Map(
    files.map((file) => {
      const [, ...sections] = readFileSync(join(folder, file), 'utf8').split(/^== /m);
      return [file, sections.map(dialogueOf)];
    }),
  );
}

function fits(pattern: string, line: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(line);
}

/** The client's end of one session. */
export class Client {
  readonly #socket: Socket;
  readonly #lines: string[] = [];
  #rest = '';
  #wake: () => void = () => undefined;
  #ended = false;

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.setNoDelay(true);
    this.#socket.setEncoding('utf8');
    this.#socket.on('data', (text: string) => {
      const lines = (this.#rest + text).split('\r\n');
      this.#rest = lines.pop() ?? '';
      this.#lines.push(...lines);
      this.#wake();
    });
    for (const event of ['end', 'close', 'error'])
      this.#socket.on(event, () => {
        this.#ended = true;
        this.#wake();
      });
  }

  send(octets: Uint8Array | string): void {
    this.#socket.write(octets);
  }

  /** The next line; null at the end. */
  async line(): Promise<string | null> {
    while (this.#lines.length === 0 && !this.#ended)
      await new Promise<void>((done) => {
        this.#wake = done;
      });
    return this.#lines.shift() ?? null;
  }

  half(): void {
    this.#socket.end();
  }

  /** Reset the connection. */
  async cut(): Promise<void> {
    if (this.#socket.connecting) await once(this.#socket, 'connect');
    this.#socket.resetAndDestroy();
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** @returns what differs from the dialogue, or null. */
async function expectLine(client: Client, pattern: string): Promise<string | null> {
  for (;;) {
    const line = await client.line();
    if (line === null) return `expected "${pattern}", and the session ended`;
    if (fits(pattern, line)) return null;
    if (!/^\d{3}-/.test(line)) return `expected "${pattern}", found "${line}"`;
  }
}

async function carryOut(client: Client, step: string): Promise<string | null> {
  const [, verb = '', count = '1', text = ''] =
    /^(C:|C\\|C\*|S:|S\*|wait|cut|half|end)(?: (\d+(?= ))? ?(.*))?$/s.exec(step) ?? [];
  const plain = step.slice(3);
  switch (verb) {
    case 'C:':
      client.send(`${plain}\r\n`);
      return null;
    case 'C\\':
      client.send(octetsOf(plain));
      return null;
    case 'C*':
      client.send(octetsOf(`${count} ${text}`));
      return null;
    case 'S:':
      return expectLine(client, plain);
    case 'S*':
      for (let n = 0; n < Number(count); n += 1) {
        const problem = await expectLine(client, text);
        if (problem !== null) return problem;
      }
      return null;
    case 'wait':
      // The other end is in this process, so it reads before the loop comes round often.
      for (let turn = 0; turn < 20; turn += 1) await new Promise((done) => setImmediate(done));
      return null;
    case 'cut':
      await client.cut();
      return null;
    case 'half':
      client.half();
      return null;
    case 'end': {
      const line = await client.line();
      return line === null ? null : `expected the end, found "${line}"`;
    }
    default:
      throw new Error(`no step of a dialogue: ${step}`);
  }
}

/** Plays a dialogue. @returns the first difference, or null. */
export async function play(port: number, { steps }: Dialogue): Promise<string | null> {
  const client = new Client(port);
  try {
    for (const [at, step] of steps.entries()) {
      const problem = await carryOut(client, step);
      if (problem !== null) return `step ${at + 1} (${step}): ${problem}`;
    }
    return null;
  } finally {
    client.close();
  }
}
