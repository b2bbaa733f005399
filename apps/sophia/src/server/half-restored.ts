import { rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError } from '../command-line/command-error.ts';
import { shellWord } from '../output/shell-word.ts';
import { openRunDirectory } from './run-directory.ts';

/** Stands in a data folder while a backup is read into it: one that was killed in the middle leaves it behind. */
const markerOf = (dataDirectory: string): string => join(dataDirectory, 'run', 'restoring');

export const beginRestore = async (dataDirectory: string): Promise<void> => {
  await openRunDirectory(dataDirectory);
  await writeFile(markerOf(dataDirectory), '');
};

export const endRestore = (dataDirectory: string): Promise<void> => rm(markerOf(dataDirectory), { force: true });

/** Errors: `CommandError` where only a part of a backup is there. */
export const refuseHalfRestored = async (dataDirectory: string): Promise<void> => {
  const isHalf = await stat(markerOf(dataDirectory)).then(
    () => true,
    () => false,
  );
  if (!isHalf) return;
  throw new CommandError(
    'failed',
    `A restore into ${dataDirectory} was cut off or is under way: only a part of the backup is there.`,
    `Where none runs: sophia reset --data-dir ${shellWord(dataDirectory)}, then restore again.`,
  );
};
