import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ownFolder } from './folder-owner.ts';

describe('the owner of a data folder', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sophia-owner-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test('is one at a time, and another after it', async () => {
    const owner = await ownFolder(folder);
    await expect(ownFolder(folder)).rejects.toMatchObject({ code: 'data_folder_in_use', details: { folder, pid: process.pid } });
    await owner.release();
    expect(await readdir(folder)).toEqual([]);
    await (await ownFolder(folder)).release();
  });

  test('that was killed is replaced, also when its number is of another process now', async () => {
    for (const pid of [process.pid, 2 ** 22 + 1]) {
      await writeFile(join(folder, 'owner.json'), JSON.stringify({ pid, started: 'another time' }));
      await (await ownFolder(folder)).release();
    }
  });

  test.each(['', '{"pid":1}', 'null', '7', '{"pid":"1","started":"2"}', '{"pid":1,"started":2}'])(
    'whose note was cut off (%s) is replaced',
    async (text) => {
      await writeFile(join(folder, 'owner.json'), text);
      await (await ownFolder(folder)).release();
    },
  );

  test('cannot be noted in a folder that is not there', async () => {
    await expect(ownFolder(join(folder, 'missing'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
