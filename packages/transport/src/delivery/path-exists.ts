/** Is there anything of this name? */
import { stat } from 'node:fs/promises';

/** @throws what the system says, when that is not whether it is there. */
export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
