import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** What the folder of a tap's files is called, before what makes it unique: by whose process it is. */
export const folderOfThisProcess = `tap-${process.pid}-`;

/** Removes the folders of processes that were killed before they could: a tap's configuration holds secrets. */
export async function removeLeftFolders(directory: string): Promise<void> {
  const left = (await readdir(directory)).filter((name) => {
    const [, pid] = /^tap-(\d+)-/.exec(name) ?? [];
    return pid !== undefined && !isRunning(Number(pid));
  });
  // One of another user is for that user's next run to remove.
  await Promise.allSettled(left.map((name) => rm(join(directory, name), { recursive: true, force: true })));
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
