/** Delivers into Maildirs, which any mail reader opens. */
import { constants } from 'node:fs';
import { mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import PQueue from 'p-queue';
import type { DeliverEffect, Delivery, DeliveryInput } from './delivery-sink.js';
import { DigestCheck, deliveryFailure } from './digest-check.js';
import { fileName, mailboxFolders } from './mailbox-path.js';
import { exists } from './path-exists.js';

/** Content is copied in pieces of this length. */
const pieceBytes = 64 * 1024;
/** Mailboxes remembered as having their folders. */
const maxKnownMailboxes = 10_000;
/** Mailboxes whose `cur` is remembered, and the longest listing that is. */
const maxListings = 16;
const maxListedNames = 100_000;
/** A younger listing may miss a change: the file system's clock is too coarse to show it. Real time, not the lab's. */
const settledListingMs = 1000;
/** The folder of a mailbox that was there is not: someone has removed it. */
const folderGone = new Set(['ENOENT', 'ENOTDIR']);
/** What the machine is short of may be there again at once: files that are open, room on the disk. */
const shortages = new Set(['EMFILE', 'ENFILE', 'ENOSPC', 'EDQUOT', 'EROFS']);
/** Tries of one delivery that meets a shortage. The pauses between them grow by the first one each: 4.5 s in all. */
const shortageTries = 10;
const defaultShortagePauseMs = 100;

export type MaildirOptions = {
  /** Folder above the domains. */
  readonly path: string;
  readonly storeUuid: string;
  readonly readContent: (content: number, offset: number, length: number) => Uint8Array;
  readonly input: (input: DeliveryInput) => void;
  /** Deliveries written at one time. Default 16. */
  readonly concurrency?: number;
  /** Real time between the first try that meets a shortage of the machine and the second. Default 100. */
  readonly shortagePauseMs?: number;
};

type Listing = { readonly mtimeMs: number; readonly listedAtMs: number; readonly names: ReadonlySet<string> };

/** The sink that writes `<path>/<domain>/<local-part>/new/...`, and `<path>/dead-letters/new/...`. */
export class MaildirDelivery implements Delivery {
  readonly #options: MaildirOptions;
  readonly #queue: PQueue;
  /** Copies whose delivery is not reported yet. */
  readonly #underWay = new Set<number>();
  readonly #known = new Set<string>();
  readonly #listings = new Map<string, Listing>();
  /** Ends the pauses of deliveries that wait for a shortage to pass. */
  readonly #wakes = new Set<() => void>();
  #closed = false;

  constructor(options: MaildirOptions) {
    this.#options = options;
    this.#queue = new PQueue({ concurrency: options.concurrency ?? 16 });
  }

  get pending(): number {
    return this.#underWay.size;
  }

  deliver(effect: DeliverEffect): void {
    if (this.#closed || this.#underWay.has(effect.copy)) return;
    this.#underWay.add(effect.copy);
    void this.#queue.add(() => this.#carryOut(effect));
  }

  idle(): Promise<void> {
    return this.#queue.onIdle();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#queue.clear();
    for (const wake of this.#wakes) wake();
    await this.#queue.onIdle();
    this.#underWay.clear();
  }

  async #carryOut(effect: DeliverEffect): Promise<void> {
    const { copy } = effect;
    let outcome: DeliveryInput;
    try {
      await this.#writeInTime(effect);
      outcome = { type: 'delivered', copy };
    } catch (error) {
      outcome = deliveryFailure(copy, error);
    }
    this.#underWay.delete(copy);
    if (!this.#closed) this.#options.input(outcome);
  }

  /**
   * Write, and wait a little for a shortage to pass: the core tries a mailbox again after minutes and a few times only, and
   * then makes a report of mail that nothing is wrong with.
   */
  async #writeInTime(effect: DeliverEffect): Promise<void> {
    const pauseMs = this.#options.shortagePauseMs ?? defaultShortagePauseMs;
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#writeAnew(effect);
        return;
      } catch (error) {
        if (!shortages.has(codeOf(error)) || tries === shortageTries || this.#closed) throw error;
      }
      await this.#pause(tries * pauseMs);
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#wakes.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      if (this.#closed) wake();
      else this.#wakes.add(wake);
    });
  }

  /** Write a copy. Makes its mailbox anew if that has been removed. */
  async #writeAnew(effect: DeliverEffect): Promise<void> {
    const folders = mailboxFolders(effect.destination);
    try {
      await this.#write(effect, folders);
    } catch (error) {
      if (!folderGone.has(codeOf(error))) throw error;
      const path = join(this.#options.path, ...folders);
      this.#known.delete(path);
      this.#listings.delete(join(path, 'cur'));
      await this.#write(effect, folders);
    }
  }

  async #write(effect: DeliverEffect, folders: readonly string[]): Promise<void> {
    const { copy, destination, envelope } = effect;
    const folder = await this.#mailbox(folders);
    const name = fileName(copy, destination, envelope.submittedAtMs, this.#options.storeUuid);
    const target = join(folder, 'new', name);
    // In this order: a reader moves files from `new` to `cur`, never back.
    if ((await exists(target)) || (await this.#isRead(folder, name))) {
      // It may have been renamed by a run that did not live to make the rename durable.
      await syncFolder(join(folder, 'new'));
      return;
    }
    const draft = join(folder, 'tmp', name);
    try {
      await this.#fill(draft, effect);
      await rename(draft, target);
    } catch (error) {
      await unlink(draft).catch(() => undefined);
      throw error;
    }
    await syncFolder(join(folder, 'new'));
  }

  /**
   * Write the content into a file of `tmp`. What an interrupted run left there is written over.
   * @throws DamagedContent when what was read is not what the envelope's digest says: the file must not become a message.
   */
  async #fill(draft: string, { content, envelope }: DeliverEffect): Promise<void> {
    const check = new DigestCheck(content, envelope);
    const file = await open(draft, 'w', 0o600);
    try {
      for (let at = 0; at < envelope.sizeBytes; at += pieceBytes) {
        const octets = this.#options.readContent(content, at, Math.min(pieceBytes, envelope.sizeBytes - at));
        check.update(octets);
        for (let written = 0; written < octets.length; ) {
          written += (await file.write(octets, written, octets.length - written)).bytesWritten;
        }
      }
      check.end();
      await file.sync();
    } finally {
      await file.close();
    }
  }

  /** Is a file of this name in `cur`, whatever flags it carries? */
  async #isRead(folder: string, name: string): Promise<boolean> {
    const path = join(folder, 'cur');
    const { mtimeMs } = await stat(path);
    const old = this.#listings.get(path);
    if (old !== undefined && old.mtimeMs === mtimeMs && old.listedAtMs - mtimeMs > settledListingMs) return old.names.has(name);
    const listedAtMs = Date.now();
    const names = new Set((await readdir(path)).map((file) => file.replace(/:2,.*$/s, '')));
    this.#listings.delete(path);
    if (names.size <= maxListedNames) this.#listings.set(path, { mtimeMs, listedAtMs, names });
    if (this.#listings.size > maxListings) this.#listings.delete(this.#listings.keys().next().value as string);
    return names.has(name);
  }

  /** Make the Maildir, durably, if it is not there. Returns its path. */
  async #mailbox(folders: readonly string[]): Promise<string> {
    const path = join(this.#options.path, ...folders);
    if (this.#known.has(path)) return path;
    await mkdir(this.#options.path, { recursive: true, mode: 0o700 });
    let parent = this.#options.path;
    for (const name of folders) {
      const folder = join(parent, name);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await syncFolder(parent);
      parent = folder;
    }
    for (const name of ['tmp', 'new', 'cur']) await mkdir(join(path, name), { recursive: true, mode: 0o700 });
    await syncFolder(path);
    if (this.#known.size >= maxKnownMailboxes) this.#known.clear();
    this.#known.add(path);
    return path;
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}

/** Make what was renamed into a folder durable. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
