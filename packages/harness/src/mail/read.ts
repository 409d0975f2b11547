/** Mail from files, octet for octet: nothing is parsed, no line end is touched. */
import { createReadStream } from 'node:fs';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { HarnessError, messageOf } from '../process/errors.js';

/** A message to be submitted. */
export type MailItem = {
  /** File name, or what a generated message is called; for people. */
  readonly name: string;
  readonly sizeBytes: number;
  /** The octets, or for big content a way to read them, which may be used again when a process restarts meanwhile. */
  readonly content: Uint8Array | (() => AsyncIterable<Uint8Array>);
};

/** Files above this are not read before it is their turn, octets. */
const smallBytes = 262_144;
const maxContentBytes = 268_435_456;
/** The most files one folder may hold. */
const maxFilesPerFolder = 100_000;

/**
 * The messages in files and folders, in the order given; a folder gives its regular files, sorted by name, without its
 * subfolders and hidden files.
 * @throws HarnessError naming the path that does not exist, cannot be read or is no file.
 */
export async function* readMail(paths: readonly string[]): AsyncIterable<MailItem> {
  if (paths.length === 0) throw new HarnessError('no mail was named: give files, or folders of files');
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
    throw new HarnessError(`${folder} holds ${names.length} files; at most ${maxFilesPerFolder} are read`);
  let count = 0;
  for (const name of names) {
    const path = join(folder, name);
    if (!(await statOf(path)).isFile()) continue;
    count += 1;
    yield await mailFile(path);
  }
  if (count === 0) throw new HarnessError(`${folder} holds no mail: there is no regular file in it`);
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

/** One file. Small ones are read at once; big ones when their turn comes. */
async function mailFile(path: string): Promise<MailItem> {
  const name = basename(path);
  try {
    const { size } = await stat(path);
    if (size <= smallBytes) {
      const octets = await readFile(path);
      return { name, sizeBytes: octets.length, content: octets };
    }
    // Opening it now turns a missing permission into an error that names the file.
    await (await open(path, 'r')).close();
    return { name, sizeBytes: size, content: () => createReadStream(path, { highWaterMark: 262_144 }) };
  } catch (error) {
    throw new HarnessError(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * All octets of a content in memory.
 * @throws HarnessError above 256 MiB, more than any MTA takes.
 */
export async function octetsOf(content: MailItem['content']): Promise<Uint8Array> {
  if (content instanceof Uint8Array) return content;
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const piece of content()) {
    sizeBytes += piece.length;
    if (sizeBytes > maxContentBytes)
      throw new HarnessError(`a message is larger than ${maxContentBytes} octets, more than any MTA takes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
