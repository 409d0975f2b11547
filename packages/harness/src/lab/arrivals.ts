/** What has arrived in the mailboxes of a lab since it started: raw contents from the Maildirs, envelopes from the notices. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Priority } from '@mtalab/mta-core';
import { type DeliveryNotice, deadLetters, mailboxFolders } from '@mtalab/transport';
import { HarnessError } from '../process/errors.js';
import { isoInstant } from '../readable.js';
import { CopySet } from './copy-set.js';
import { copyOfFileName, namesIn } from './mailboxes.js';

/** Limit of envelopes kept in memory. The oldest go first. */
const maxEnvelopes = 100_000;
/** Limit of octets that one reading of a mailbox takes into memory. */
const maxReadBytes = 512 * 1_048_576;

/** Limit of readings of one mailbox that a mail reader disturbs. */
const maxReads = 10;

/** The envelope with which an MTA delivered a message. */
export type MailEnvelope = {
  /** Address of the sender. Empty for a non-delivery report. */
  readonly originator: string;
  /** Address of this mailbox, as the sender wrote it. */
  readonly recipient: string;
  /** MTS identifier: unique, such as `c=lab;mta=MTA-A;3-17`. */
  readonly mtsId: string;
  /** As it was submitted. */
  readonly priority: Priority;
  /** Such as `message/rfc822`. */
  readonly contentType: string;
  /** When an MTA accepted the message from its sender: lab time, in the form of ISO 8601. */
  readonly submittedAt: string;
  /** When it was in this mailbox: the same. */
  readonly deliveredAt: string;
};

/** A message in a mailbox. */
export type ReceivedMail = {
  /** Null in one case: the MTA was killed after the delivery and before it could report it. */
  readonly envelope: MailEnvelope | null;
  /** The content, octet for octet as it was submitted. */
  readonly content: Buffer;
  /** The file of the message in the Maildir. */
  readonly file: string;
};

export class Arrivals {
  readonly #envelopes = new Map<string, MailEnvelope>();
  /** Copies in the mailboxes since the lab started, by MTA. */
  readonly #arrived = new Map<string, CopySet>();
  readonly #counts = new Map<string, number>();
  /** Copies that were there before. */
  readonly #earlier = new Map<string, CopySet>();
  readonly #listeners = new Set<() => void>();

  noteDelivery(line: DeliveryNotice): void {
    if (line.mailbox === deadLetters) return;
    this.#envelopes.set(`${line.node} ${line.copy}`, {
      originator: line.originator,
      recipient: line.mailbox,
      mtsId: line.mtsId,
      priority: line.priority,
      contentType: line.contentType,
      submittedAt: isoInstant(line.submittedAtMs),
      deliveredAt: isoInstant(line.t),
    });
    if (this.#envelopes.size > maxEnvelopes) this.#envelopes.delete(this.#envelopes.keys().next().value as string);
    this.noteCopy(line.node, line.copy);
  }

  /** Messages that have arrived in all mailboxes of an MTA. */
  countAt(node: string): number {
    return this.#counts.get(node) ?? 0;
  }

  /** Marks a copy that is in its mailbox. */
  noteCopy(node: string, copy: number): void {
    const arrived = setAt(this.#arrived, node);
    if (this.#earlier.get(node)?.has(copy) === true || arrived.has(copy)) return;
    arrived.add(copy);
    this.#counts.set(node, this.countAt(node) + 1);
    this.wake();
  }

  /** Marks a copy that was in its mailbox before the lab started. */
  noteEarlier(node: string, copy: number): void {
    setAt(this.#earlier, node).add(copy);
  }

  /** Lets all waits look again. */
  wake(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Resolves at the next change after the call. `cancel` ends the wait. */
  nextChange(): { readonly done: Promise<void>; cancel(): void } {
    let listener: () => void = () => undefined;
    const done = new Promise<void>((resolve) => {
      listener = resolve;
      this.#listeners.add(listener);
    });
    void done.then(() => this.#listeners.delete(listener));
    return { done, cancel: () => this.#listeners.delete(listener) };
  }

  /** The files of a mailbox by copy, in the order in which the MTA accepted the messages. */
  async files(node: string, folder: string, address: string): Promise<readonly (readonly [copy: number, file: string])[]> {
    const maildir = join(folder, ...mailboxFolders({ to: 'mailbox', address }));
    const arrived = setAt(this.#arrived, node);
    const found = new Map<number, string>();
    // In this order: a mail reader moves files from `new` to `cur`, so a file may be seen twice, but is never missed.
    for (const part of ['new', 'cur']) {
      for (const name of await namesIn(join(maildir, part))) {
        const copy = copyOfFileName(name);
        // The MTA reports a delivery after it has made the file. Until then the envelope is not known.
        if (copy !== undefined && arrived.has(copy)) found.set(copy, join(maildir, part, name));
      }
    }
    return [...found].sort(([one], [other]) => one - other);
  }

  /**
   * Reads a mailbox.
   * @param folder of all mailboxes of the MTA.
   * @throws HarnessError if the mailbox holds more than fits in memory.
   */
  async read(node: string, folder: string, address: string): Promise<readonly ReceivedMail[]> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#read(node, address, await this.files(node, folder, address));
      } catch (error) {
        // A mail reader has just moved or removed a file.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || tries === maxReads) throw error;
      }
    }
  }

  async #read(node: string, address: string, files: Awaited<ReturnType<Arrivals['files']>>): Promise<readonly ReceivedMail[]> {
    const mails: ReceivedMail[] = [];
    let bytes = 0;
    for (const [copy, file] of files) {
      bytes += (await stat(file)).size;
      if (bytes > maxReadBytes)
        throw new HarnessError(`the mailbox ${address} holds more than ${maxReadBytes} octets; read its files one by one`);
      mails.push({ envelope: this.#envelopes.get(`${node} ${copy}`) ?? null, content: await readFile(file), file });
    }
    return mails;
  }
}

function setAt(sets: Map<string, CopySet>, node: string): CopySet {
  let found = sets.get(node);
  if (found === undefined) {
    found = new CopySet();
    sets.set(node, found);
  }
  return found;
}
