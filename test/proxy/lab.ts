import type { Socket } from 'node:net';
import { FaultProxy, type FaultProxyOptions, type ProxiedPdu } from '@mtalab/harness';
import { kindsIn } from '@mtalab/mta-core';
import { Endpoint } from './endpoint.js';

/** Two scripted endpoints with the proxy between them in both directions. */
export class Lab {
  readonly a = new Endpoint('MTA-A');
  readonly b = new Endpoint('MTA-B');
  readonly told: ProxiedPdu[] = [];
  proxy!: FaultProxy;

  static async start(options: Partial<FaultProxyOptions> = {}): Promise<Lab> {
    const lab = new Lab();
    await Promise.all([lab.a.listen(), lab.b.listen()]);
    lab.proxy = await FaultProxy.start({
      links: [{ name: 'MTA-A' }, { name: 'MTA-B', target: `127.0.0.1[${lab.b.port}]` }],
      onPdu: (pdu) => {
        lab.told.push(pdu);
        lab.a.checkWaiters();
      },
      ...options,
    });
    await lab.proxy.setTarget('MTA-A', '127.0.0.1', lab.a.port);
    return lab;
  }

  get portOfB(): number {
    return this.proxy.port('MTA-B');
  }

  /** Waits until the proxy has reported this many PDUs with this fate. */
  async toldOf(fate: ProxiedPdu['fate'], count: number): Promise<void> {
    await this.a.until(() => this.told.filter((one) => one.fate === fate).length >= count);
  }

  fateOf(kind: string): readonly string[] {
    return this.told.flatMap((pdu) => (kindsIn(pdu).includes(kind) ? [pdu.fate] : []));
  }

  async close(): Promise<void> {
    await this.proxy.close();
    await Promise.all([this.a.close(), this.b.close()]);
  }
}

/** Reads everything until the other side ends. Reading by iteration would then destroy the socket. */
export function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve) => socket.once('end', () => resolve(Buffer.concat(chunks))));
}

/** Lets the event loop turn `count` times. All ends are in this process, so only unread octets remain afterwards. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
}
