/** Reads mail from files, octet for octet. Parses nothing and changes no line end. */
import { createReadStream } from 'node:fs';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { HarnessError, messageOf } from '../process/errors.js';

/** A message to submit. */
export type MailItem = {
  /** The name of the file, or of a generated message. For people. */
  readonly name: string;
  /** Length of the content, in octets. */
  readonly sizeBytes: number;
  /** The octets, or a function that reads big content. It may run again, if a process restarts during the submission. */
  readonly content: Uint8Array | (() => AsyncIterable<Uint8Array>);
};

/** Larger files are read only when they are submitted, octets. */
const maxSmallBytes = 262_144;
const maxContentBytes = 268_435_456;
/** Limit of files in one folder. */
const maxFilesPerFolder = 100_000;

/**
 * Reads the messages in files, pipes and folders, in this order. A folder gives its regular files, sorted by name, without
 * subfolders and hidden files.
 * @throws HarnessError naming a path that does not exist, is unreadable, or is no file, pipe or folder.
 */
export async function* readMail(paths: readonly string[]): AsyncIterable<MailItem> {
  if (paths.length === 0) throw new HarnessError('no mail is named; give files, or folders of files');
  for (const path of paths) {
    const found = await statOf(path);
    if (found.isFile()) yield await mailFile(path);
    else if (found.isDirectory()) yield* readFolder(path);
    else if (found.isFIFO()) yield await mailFromPipe(path);
    else throw new HarnessError(`${path} is no file, folder or pipe`);
  }
}

/**
 * Does this path name a pipe, whose octets can be read only once?
 * @throws HarnessError if there is no such path.
 */
export async function isPipe(path: string): Promise<boolean> {
  return (await statOf(path)).isFIFO();
}

/** The message in a pipe. It waits until a program writes into the pipe, and until that program closes it. */
async function mailFromPipe(path: string): Promise<MailItem> {
  const octets = await octetsOf(() => createReadStream(path)).catch((error: unknown) => {
    throw error instanceof HarnessError ? error : new HarnessError(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
  });
  return { name: basename(path), sizeBytes: octets.length, content: octets };
}

async function* readFolder(folder: string): AsyncIterable<MailItem> {
  for await (const path of filesIn(folder)) yield await mailFile(path);
}

/** The regular files of a folder, sorted by name, without hidden ones. @throws HarnessError if there is none, or too many. */
async function* filesIn(folder: string): AsyncIterable<string> {
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.')).sort();
  if (names.length > maxFilesPerFolder)
    throw new HarnessError(`${folder} has ${names.length} files; the limit is ${maxFilesPerFolder}`);
  let count = 0;
  for (const name of names) {
    const path = join(folder, name);
    if (!(await statOf(path)).isFile()) continue;
    count += 1;
    yield path;
  }
  if (count === 0) throw new HarnessError(`${folder} has no mail: it has no regular file`);
}

/** The number of messages that `readMail` finds under a path. Reads no message. */
export async function countMail(path: string): Promise<number> {
  if (!(await statOf(path)).isDirectory()) return 1;
  let count = 0;
  for await (const _ of filesIn(path)) count += 1;
  return count;
}

async function statOf(path: string): Promise<Awaited<ReturnType<typeof stat>>> {
  try {
    return await stat(path);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new HarnessError(missing ? `no such file or folder: ${path}` : `cannot read ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** The message in a file. A small file is read at once, a big one when it is submitted. */
async function mailFile(path: string): Promise<MailItem> {
  const name = basename(path);
  try {
    const { size } = await stat(path);
    if (size <= maxSmallBytes) {
      const octets = await readFile(path);
      return { name, sizeBytes: octets.length, content: octets };
    }
    // Opening the file now gives an early error if the permission is missing.
    await (await open(path, 'r')).close();
    return { name, sizeBytes: size, content: () => createReadStream(path, { highWaterMark: 262_144 }) };
  } catch (error) {
    throw new HarnessError(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * Reads a whole content into memory.
 * @throws HarnessError above 256 MiB, more than an MTA takes.
 */
export async function octetsOf(content: MailItem['content']): Promise<Uint8Array> {
  if (content instanceof Uint8Array) return content;
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const piece of content()) {
    sizeBytes += piece.length;
    if (sizeBytes > maxContentBytes)
      throw new HarnessError(`a message is larger than ${maxContentBytes} octets, the limit of an MTA`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
