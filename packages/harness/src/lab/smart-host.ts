/** Delivery over SMTP: the option that names the smart host, and its checks. */
import { HarnessError } from '../process/errors.js';
import { isRecord, isText } from './arguments.js';

export type DeliveryKind = 'maildir' | 'ledger' | 'smtp';

/** The host that takes the mail for mailboxes over SMTP. */
export type SmartHostOption = { readonly host?: string; readonly port: number };

export function isSmartHost(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { host, port, ...others } = value;
  const isPort = Number.isInteger(port) && (port as number) >= 1 && (port as number) <= 65_535;
  return (host === undefined || isText(host)) && isPort && Object.keys(others).length === 0;
}

type SmtpOptions = {
  readonly delivery?: DeliveryKind;
  readonly smartHost?: SmartHostOption | undefined;
  readonly smtp?: Readonly<Record<string, number>>;
};

/** Is this the port of a listener of the lab itself? @returns the name of its MTA. */
export function ownListener(
  { host = '127.0.0.1', port }: SmartHostOption,
  smtp: Readonly<Record<string, number>>,
): string | undefined {
  if (host !== '127.0.0.1' && host !== 'localhost') return undefined;
  return Object.entries(smtp).find(([, each]) => each === port)?.[0];
}

/**
 * Checks that delivery over SMTP has a smart host, which is none of the lab's own listeners: mail would go round for ever.
 * @throws HarnessError
 */
export function checkSmartHost({ delivery, smartHost, smtp = {} }: SmtpOptions): void {
  if (delivery === 'smtp' && smartHost === undefined) throw new HarnessError("smartHost: delivery 'smtp' needs one");
  if (smartHost === undefined) return;
  if (delivery !== 'smtp') throw new HarnessError("smartHost: only delivery 'smtp' has one");
  const own = ownListener(smartHost, smtp);
  if (own !== undefined)
    throw new HarnessError(
      `smartHost: ${smartHost.port} is the port of the SMTP listener of ${own}, so mail would go round for ever`,
    );
}
