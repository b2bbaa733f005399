import { chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makePrivateFolder } from './private-folder.ts';

const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

async function sharedFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'sophia-private-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await chmod(folder, 0o755);
  return folder;
}

test('a folder is read by its user alone, whether it is new or was there', async () => {
  const shared = await sharedFolder();
  const made = join(shared, 'above', 'new');
  await makePrivateFolder(made);
  expect([await modeOf(made), await modeOf(join(shared, 'above')), await modeOf(shared)]).toEqual([0o700, 0o700, 0o755]);
  await makePrivateFolder(shared);
  await makePrivateFolder(shared);
  expect(await modeOf(shared)).toBe(0o700);
});

test('a folder of somebody else stays as it is', async () => {
  const shared = await sharedFolder();
  await makePrivateFolder(shared, -1);
  expect(await modeOf(shared)).toBe(0o755);
});
