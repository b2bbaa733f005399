import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderOfThisProcess, removeLeftFolders } from './left-folders.ts';

/** Beyond what Linux and macOS count to. */
const NOBODY = 2 ** 22 + 1;

test('folders of processes that are gone are removed, those of others and what is no folder of a tap stay', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sophia-left-'));
  const kept = [`${folderOfThisProcess}a`, `tap-x-b`, 'upload-4194305-c'];
  for (const name of [...kept, `tap-${NOBODY}-d`]) await mkdir(join(directory, name));
  await removeLeftFolders(directory);
  expect((await readdir(directory)).sort()).toEqual([...kept].sort());
  await rm(directory, { recursive: true });
});
