import { randomUUID } from 'node:crypto';
import { link, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { identifyProcess, isRunning, type ProcessIdentity, SophiaError } from '@sophia/shared';

export interface FolderOwner {
  release(): Promise<void>;
}

/**
 * Makes this process the owner of the data folder until `release`. Throws `data_folder_in_use` while
 * another process that still runs owns it; one that was killed is followed.
 *
 * Owners are numbered, `owner.7.json`, and the one with the highest number counts. A note is linked
 * into its place, so that it is there whole or not at all and only one process can make it; it is
 * never taken away before there is a higher one, so that a process which looked long ago cannot win.
 */
export async function ownFolder(folder: string): Promise<FolderOwner> {
  const own = join(folder, `owner.${randomUUID()}`);
  await writeFile(own, JSON.stringify(await identifyProcess(process.pid)), { mode: 0o600 });
  try {
    for (;;) {
      const number = (await findRefusingTheLiving(folder)) + 1;
      const note = noteOf(folder, number);
      if (!(await linkIfFree(own, note))) continue;
      const numbers = await noteNumbers(folder);
      if (Math.max(...numbers) === number) {
        for (const lower of numbers) if (lower < number) await rm(noteOf(folder, lower), { force: true });
        return { release: () => leave(note) };
      }
      // A note that was cleaned away had this number once.
      await rm(note);
    }
  } finally {
    await rm(own);
  }
}

const noteOf = (folder: string, number: number): string => join(folder, `owner.${number}.json`);

async function noteNumbers(folder: string): Promise<number[]> {
  return (await readdir(folder)).map((name) => Number(/^owner\.(\d+)\.json$/.exec(name)?.[1] ?? 0));
}

/** The number of the last owner, 0 where there was none. */
async function findRefusingTheLiving(folder: string): Promise<number> {
  const last = Math.max(0, ...(await noteNumbers(folder)));
  const owner = await readNote(noteOf(folder, last));
  if (owner === undefined || !(await isRunning(owner))) return last;
  throw new SophiaError(
    'data_folder_in_use',
    `The process ${owner.pid} uses the data folder ${folder}: stop it, or choose another folder.`,
    {
      details: { folder, pid: owner.pid },
    },
  );
}

async function linkIfFree(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

async function readNote(note: string): Promise<ProcessIdentity | undefined> {
  try {
    const owner: unknown = JSON.parse(await readFile(note, 'utf8'));
    if (typeof owner !== 'object' || owner === null || !('pid' in owner) || !('started' in owner)) return undefined;
    return typeof owner.pid === 'number' && typeof owner.started === 'string' ? { pid: owner.pid, started: owner.started } : undefined;
  } catch {
    // It is gone by now, or none of ours: nobody owns the folder by it.
    return undefined;
  }
}

/** Its note stays, without an owner. */
async function leave(note: string): Promise<void> {
  const empty = `${note}.${randomUUID()}`;
  await writeFile(empty, '{}', { mode: 0o600 });
  await rename(empty, note);
}
