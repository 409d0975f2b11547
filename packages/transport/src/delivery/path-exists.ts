/** Whether a file or folder exists. */
import { stat } from 'node:fs/promises';

/** @throws the system's error when it cannot say. */
export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
