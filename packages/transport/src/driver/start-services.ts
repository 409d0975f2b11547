/** Starts the listeners beside the links of an MTA: the control channel and the SMTP listener. Each keeps its port for later starts. */
import { join } from 'node:path';
import { ControlServer, controlHost } from '../control/server.js';
import type { SmtpListener } from '../smtp/smtp-listener.js';
import type { DriverStreams } from './control-streams.js';
import type { Diagnostics } from './diagnostics.js';
import type { Driver } from './driver.js';
import { placeOf } from './driver-metrics.js';
import type { FixedPort, KeptPorts, Service } from './kept-ports.js';
import type { StartOptions } from './start-mta.js';
import { listenAdvice } from './start-reasons.js';

const smtpHost = '127.0.0.1';

/** The ports that the configuration names. */
export function fixedPorts({ config, control, smtp, metrics }: StartOptions): FixedPort[] {
  const enabled = config.bindings.filter((binding) => binding.enabled);
  const mappers = enabled.map(({ address }) => ({ address, port: config.mapperPort ?? 0 }));
  const connectors = enabled.map(({ address }) => ({ address, port: config.x400Port ?? 0 }));
  const services = [
    { address: controlHost, port: control?.port ?? 0 },
    { address: smtp?.address ?? smtpHost, port: smtp?.port ?? 0 },
    ...(metrics === undefined ? [] : [placeOf(metrics)]),
  ];
  return [...enabled, ...mappers, ...connectors, ...services].filter(({ port }) => port !== 0);
}

type Wanted<Server> = {
  readonly service: Service;
  /** As messages call it: `the control channel's`. */
  readonly owner: string;
  readonly host: string;
  /** 0: the port of an earlier start, or one that the system chooses. */
  readonly port: number;
  readonly start: (port: number) => Promise<Server>;
};

/** @throws Error naming a configured port that cannot be had. */
async function listening<Server extends { readonly port: number }>(
  wanted: Wanted<Server>,
  ports: KeptPorts,
  warn: (text: string) => void,
): Promise<Server> {
  const { service, owner, host, port, start } = wanted;
  if (port !== 0) {
    try {
      return await start(port);
    } catch (error) {
      const { code, syscall } = error as NodeJS.ErrnoException;
      if (code === undefined || syscall !== 'listen') throw error;
      throw new Error(`${owner} ${host}[${port}] ${listenAdvice(code)} (${service}.port, ${code})`, { cause: error });
    }
  }
  const kept = ports.forService(service, host);
  let server: Server;
  try {
    server = await start(kept);
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === 'listen' && code !== undefined && code !== 'EADDRINUSE')
      throw new Error(`${owner} ${host} ${listenAdvice(code)} (${service}, ${code})`, { cause: error });
    if (kept === 0 || code !== 'EADDRINUSE') throw error;
    warn(`${service} port ${kept}, kept from an earlier start, cannot be had again: a fresh one is taken`);
    server = await start(0);
  }
  ports.keepService(service, server.port);
  return server;
}

export function startControl(
  options: StartOptions,
  driver: Driver,
  ports: KeptPorts,
  parts: { readonly diagnostics: Diagnostics; readonly streams: ReturnType<DriverStreams['sources']> },
): Promise<ControlServer> {
  const log = (text: string): void => options.hooks?.log?.('error', text);
  const { clock, config, captures } = options;
  const backend = { driver, clock, settings: config.settings, captures: captures?.service, ...parts, log };
  const tokenFile = join(options.dataFolder, 'control.token');
  const start = (port: number): Promise<ControlServer> => ControlServer.start({ backend, tokenFile, port });
  const port = options.control?.port ?? 0;
  const wanted = { service: 'control', owner: "the control channel's", host: controlHost, port, start } as const;
  return listening(wanted, ports, (text) => options.hooks?.log?.('warn', text));
}

/** @returns null if the MTA has none. */
export async function startSmtp(options: StartOptions, driver: Driver, ports: KeptPorts): Promise<SmtpListener | null> {
  const { smtp, config, hooks } = options;
  if (smtp === undefined) return null;
  // Most MTAs have no such listener, and its library takes 70 ms.
  const { SmtpListener: Listener, smtpDefaults } = await import('../smtp/smtp-listener.js');
  const settings = { ...smtpDefaults, ...smtp };
  const { settings: limits, localDomains, name } = config;
  const log = (text: string): void => hooks?.log?.('info', text);
  const start = (port: number): Promise<SmtpListener> =>
    Listener.start({ ...settings, port, driver, limits, localDomains, mta: name, log });
  const wanted = { service: 'smtp', owner: "the SMTP listener's", host: settings.address, port: smtp.port, start } as const;
  return listening(wanted, ports, (text) => hooks?.log?.('warn', text));
}
