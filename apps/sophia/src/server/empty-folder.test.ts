import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { emptyFolder } from './empty-folder.ts';

let outside: string;
beforeEach(async () => {
  outside = await mkdtemp(join(tmpdir(), 'sophia-empty-'));
});
afterEach(() => rm(outside, { recursive: true }));

it('empties a folder, also through a link, and leaves the folder and the link', async () => {
  const folder = join(outside, 'folder');
  await mkdir(join(folder, 'deep', 'er'), { recursive: true });
  await writeFile(join(folder, 'file'), 'text');
  await symlink(folder, join(outside, 'link'));
  await emptyFolder(join(outside, 'link'));
  expect([await readdir(folder), (await readdir(outside)).sort()]).toEqual([[], ['folder', 'link']]);
});

it('has nothing to do where there is no folder', async () => {
  await emptyFolder(join(outside, 'missing'));
  expect(await readdir(outside)).toEqual([]);
});
