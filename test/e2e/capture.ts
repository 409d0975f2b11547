/** Captures loopback packets live with the stock tools, and reads the capture with them afterwards. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';

/** The reason why this machine cannot capture packets, or undefined if it can. */
export function whyNoCapture(): string | undefined {
  if (spawnSync('tshark', ['--version']).status !== 0) return 'tshark is not installed';
  // To list the link types dumpcap must open the interface, as it does for a capture.
  const trial = spawnSync('dumpcap', ['-i', 'lo', '-L'], { encoding: 'utf8' });
  if (trial.status === 0) return undefined;
  return `dumpcap may not capture on lo: ${(trial.stderr ?? trial.error?.message ?? '').split('\n', 1)[0]}`;
}

type Capture = {
  /** Ends the capture when it has all packets sent so far, and writes the file. */
  stop(): Promise<void>;
  /** Ends the capture at once, without a file. */
  abandon(): void;
};

/** Octets that mark the end: the test sends them to its own port, which is also in the capture. */
const endMark = Buffer.from('the end of the capture');

/** Starts a capture of these TCP ports on lo into a file. Resolves when the capture runs. */
export async function capture(file: string, ports: readonly number[]): Promise<Capture> {
  const marker = createServer((socket) => socket.resume().on('error', () => undefined));
  marker.listen(0, '127.0.0.1');
  await once(marker, 'listening');
  const markerPort = (marker.address() as AddressInfo).port;
  const filter = [...ports, markerPort].map((port) => `tcp port ${port}`).join(' or ');
  const child = spawn('dumpcap', ['-q', '-i', 'lo', '-f', filter, '-w', '-'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  const said: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text));
  const chunks: Buffer[] = [];
  const watchers = new Set<() => void>();
  child.stdout.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    for (const watcher of watchers) watcher();
  });
  const arrives = (mark: (octets: Buffer) => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!mark(Buffer.concat(chunks))) return;
        watchers.delete(look);
        resolve();
      };
      watchers.add(look);
      void ended.then(() => reject(new Error(`dumpcap ended by itself: ${said.join('')}`)));
      look();
    });
  const abandon = (): void => {
    child.kill('SIGKILL');
    marker.close();
  };
  try {
    // dumpcap writes the file's header when the interface is open and the filter active.
    await arrives((octets) => octets.length > 0);
  } catch (error) {
    abandon();
    throw error;
  }
  return {
    abandon,
    async stop() {
      // The kernel hands packets over in order, so after this one the capture has all others.
      const socket = connect(markerPort, '127.0.0.1');
      socket.end(endMark);
      await arrives((octets) => octets.includes(endMark));
      child.kill('SIGINT');
      await ended;
      socket.destroy();
      marker.close();
      writeFileSync(file, Buffer.concat(chunks));
    },
  };
}

/** One packet: fields as tshark shows them. */
type Packet = Readonly<Record<string, string>>;

/** The packets that tshark reads in a capture. @param more arguments; default: none, so its default settings. */
export function packetsIn(file: string, fields: readonly string[], filter: string, more: readonly string[] = []): Packet[] {
  const output = execFileSync(
    'tshark',
    ['-r', file, ...more, '-Y', filter, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 1e8,
    },
  );
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const values = line.split('\t');
      return Object.fromEntries(fields.map((field, at) => [field, values[at] ?? '']));
    });
}
