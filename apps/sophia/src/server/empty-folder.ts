import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ifThere } from '../input/if-there.ts';

/** Removes what is in a folder, or in the one that a link leads to, and leaves the folder or link itself: it may be a mount. */
export const emptyFolder = async (folder: string): Promise<void> => {
  for (const name of (await ifThere(readdir(folder))) ?? []) await rm(join(folder, name), { recursive: true, force: true });
};
