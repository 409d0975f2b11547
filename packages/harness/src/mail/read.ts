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
 * Reads the messages in files and folders, in this order. A folder gives its regular files, sorted by name, without subfolders
 * and hidden files.
 * @throws HarnessError naming a path that does not exist, is unreadable or is no file.
 */
export async function* readMail(paths: readonly string[]): AsyncIterable<MailItem> {
  if (paths.length === 0) throw new HarnessError('no mail is named; give files, or folders of files');
  for (const path of paths) {
    const found = await statOf(path);
    if (found.isFile()) yield await mailFile(path);
    else if (found.isDirectory()) yield* readFolder(path);
    else throw new HarnessError(`${path} is neither a file nor a folder`);
  }
}

async function* readFolder(folder: string): AsyncIterable<MailItem> {
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.')).sort();
  if (names.length > maxFilesPerFolder)
    throw new HarnessError(`${folder} has ${names.length} files; the limit is ${maxFilesPerFolder}`);
  let count = 0;
  for (const name of names) {
    const path = join(folder, name);
    if (!(await statOf(path)).isFile()) continue;
    count += 1;
    yield await mailFile(path);
  }
  if (count === 0) throw new HarnessError(`${folder} has no mail: it has no regular file`);
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
