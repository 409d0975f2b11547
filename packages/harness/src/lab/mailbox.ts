/** One mailbox of a lab, as a program reads it. */
import { domainOf } from '@mtalab/mta-core';
import { durationText, within } from '../process/deadline.js';
import { HarnessError } from '../process/errors.js';
import { isText, numberArgument, timeoutArgument, wrongArgument } from './arguments.js';
import type { ReceivedMail } from './arrivals.js';
import { mailboxFolderOf } from './lab-paths.js';
import type { Members } from './members.js';

/** A mailbox. It exists before its first message. */
export class Mailbox {
  /** Address, `user@domain`. */
  readonly address: string;
  /** Name of the MTA that has the mailbox. */
  readonly mta: string;
  readonly #members: Members;

  /** `Lab.mailbox` makes it. @throws HarnessError if no MTA of the lab has this domain, or delivers into Maildirs. */
  constructor(members: Members, address: string) {
    const domain = isText(address) ? domainOf(address) : null;
    if (domain === null) throw wrongArgument('address', 'an address such as user@domain', address);
    const { domains, delivery } = members.plan;
    const mta = [...domains].find(([, each]) => each.toLowerCase() === domain)?.[0];
    if (mta === undefined) {
      const known = [...domains.values()].join(', ');
      throw new HarnessError(`address: no MTA of this lab has the domain ${domain}; the domains are ${known}`);
    }
    if (delivery !== 'maildir') {
      const what = delivery === 'ledger' ? 'a ledger keeps no contents' : 'the contents are at the smart host';
      throw new HarnessError(`${what}, so there is nothing to read; start the lab with delivery: 'maildir'`);
    }
    this.address = address;
    this.mta = mta;
    this.#members = members;
  }

  /**
   * The messages that have arrived since the lab started, in the order in which the MTA accepted them.
   * @throws HarnessError if the lab is closed, or if the mailbox holds more than 512 MiB.
   */
  async messages(): Promise<readonly ReceivedMail[]> {
    this.#members.requireOpen();
    return this.#members.arrivals.read(this.mta, mailboxFolderOf(this.#members.plan.dir, this.mta), this.address);
  }

  /**
   * Waits until at least `count` messages have arrived since the lab started.
   * @param options `timeoutMs`: limit in real time, ms. Default 60,000.
   * @returns all messages of the mailbox.
   * @throws HarnessTimeout after the limit. HarnessError if the lab is closed meanwhile.
   */
  async waitFor(count: number, options: { readonly timeoutMs?: number } = {}): Promise<readonly ReceivedMail[]> {
    numberArgument('count', count, 0, 'whole number');
    const timeoutMs = timeoutArgument(options);
    const { arrivals } = this.#members;
    let over = false;
    const enough = async (): Promise<void> => {
      while (!over) {
        const change = arrivals.nextChange();
        try {
          if ((await this.#count(count)) >= count) return;
          await change.done;
        } finally {
          change.cancel();
        }
      }
    };
    const late = async (): Promise<string> => {
      const arrived = await this.#count(0);
      return `${arrived} of ${count} messages arrived in the mailbox ${this.address} within ${durationText(timeoutMs)}`;
    };
    try {
      await within(enough(), timeoutMs, late);
    } finally {
      over = true;
      arrivals.wake();
    }
    return this.messages();
  }

  /** Messages in the mailbox. Looks only if there may be as many as are wanted. */
  async #count(wanted: number): Promise<number> {
    this.#members.requireOpen();
    const { arrivals, plan } = this.#members;
    if (arrivals.countAt(this.mta) < wanted) return 0;
    return (await arrivals.files(this.mta, mailboxFolderOf(plan.dir, this.mta), this.address)).length;
  }
}
