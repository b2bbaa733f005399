import { randomUUID } from 'node:crypto';
import { link, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { identifyProcess, isRunning, type ProcessIdentity, SophiaError } from '@sophia/shared';

export interface FolderOwner {
  release(): Promise<void>;
}

/** What an owner notes: a copy of the folder has the same note in another place. */
interface Note extends ProcessIdentity {
  /** Its path, without links; notes of older versions lack it. */
  readonly folder: string | undefined;
}

/**
 * Makes this process the owner of the data folder, whose path has no links in it, until `release`. Throws `data_folder_in_use`
 * while another process that still runs owns it, and `data_folder_copied` where the note of one names another place; one that
 * was killed is followed.
 *
 * Owners are numbered, `owner.7.json`, and the one with the highest number counts. A note is linked
 * into its place, so that it is there whole or not at all and only one process can make it; it is
 * never taken away before there is a higher one, so that a process which looked long ago cannot win.
 */
export async function ownFolder(folder: string): Promise<FolderOwner> {
  const own = join(folder, `owner.${randomUUID()}`);
  await writeFile(own, JSON.stringify({ ...(await identifyProcess(process.pid)), folder }), { mode: 0o600 });
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
  const note = noteOf(folder, last);
  const owner = await readNote(note);
  if (owner === undefined || !(await isRunning(owner))) return last;
  if (owner.folder !== undefined && owner.folder !== folder) throw copied(folder, note, owner);
  throw new SophiaError(
    'data_folder_in_use',
    `The process ${owner.pid} uses the data folder ${folder}: stop it, or choose another folder.`,
    {
      details: { folder, pid: owner.pid },
    },
  );
}

/**
 * Not taken for a copy without a person's word: two owners of one folder, mounted in two places, would destroy it. PostgreSQL's own
 * locks name the process of the other one too.
 */
const copied = (folder: string, note: string, { pid, folder: original }: Note): SophiaError =>
  new SophiaError(
    'data_folder_copied',
    `The data folder ${folder} is a copy of ${original}, which the process ${pid} uses, or that folder under another name. If it is a copy, remove ${note}, ${join(folder, 'socket')} and ${join(folder, 'cluster', 'postmaster.pid')}, and start again.`,
    { details: { folder, original, pid } },
  );

async function linkIfFree(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

async function readNote(note: string): Promise<Note | undefined> {
  try {
    const { pid, started, folder }: Readonly<Record<string, unknown>> = Object(JSON.parse(await readFile(note, 'utf8')));
    if (typeof pid !== 'number' || typeof started !== 'string') return undefined;
    return { pid, started, folder: typeof folder === 'string' ? folder : undefined };
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
