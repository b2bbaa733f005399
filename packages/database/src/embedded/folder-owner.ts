import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SophiaError } from '@sophia/shared';
import { identifyProcess, isRunning, type ProcessIdentity } from './running-process.ts';

/**
 * Makes this process the owner of the data folder until `release`. Throws `data_folder_in_use` while
 * another process that still runs owns it; one that was killed is replaced.
 */
export async function ownFolder(folder: string): Promise<{ release(): Promise<void> }> {
  const file = join(folder, 'owner.json');
  for (let tries = 0; tries < 3; tries++) {
    try {
      await writeFile(file, JSON.stringify(await identifyProcess(process.pid)), { flag: 'wx', mode: 0o600 });
      return { release: () => rm(file, { force: true }) };
    } catch (error) {
      if (!isExisting(error)) throw error;
      const owner = await readOwner(file);
      if (owner !== undefined && (await isRunning(owner))) {
        throw new SophiaError(
          'data_folder_in_use',
          `The process ${owner.pid} uses the data folder ${folder}: stop it, or choose another folder.`,
          {
            details: { folder, pid: owner.pid },
          },
        );
      }
      await rm(file, { force: true });
    }
  }
  throw new SophiaError('data_folder_in_use', `Other processes are starting on the data folder ${folder}.`, { details: { folder } });
}

async function readOwner(file: string): Promise<ProcessIdentity | undefined> {
  try {
    const owner: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (typeof owner !== 'object' || owner === null || !('pid' in owner) || !('started' in owner)) return undefined;
    return typeof owner.pid === 'number' && typeof owner.started === 'string' ? { pid: owner.pid, started: owner.started } : undefined;
  } catch {
    // Its writer was killed in the middle, or it is gone by now.
    return undefined;
  }
}

const isExisting = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EEXIST';
