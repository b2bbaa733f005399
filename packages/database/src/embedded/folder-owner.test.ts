import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
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
  const note = (number: number, text: string) => writeFile(join(folder, `owner.${number}.json`), text);
  const dead = JSON.stringify({ pid: process.pid, started: 'another time' });

  test('is one at a time, and another after it', async () => {
    const owner = await ownFolder(folder);
    expect(JSON.parse(await readFile(join(folder, 'owner.1.json'), 'utf8'))).toMatchObject({ pid: process.pid });
    await expect(ownFolder(folder)).rejects.toMatchObject({ code: 'data_folder_in_use', details: { folder, pid: process.pid } });
    await owner.release();
    const next = await ownFolder(folder);
    expect(await readdir(folder)).toEqual(['owner.2.json']);
    await next.release();
  });

  test('that was killed is followed, also when its number is of another process now', async () => {
    for (const [number, pid] of [process.pid, 2 ** 22 + 1].entries()) {
      await note(number * 10 + 1, JSON.stringify({ pid, started: 'another time' }));
      await (await ownFolder(folder)).release();
    }
    expect(await readdir(folder)).toEqual(['owner.12.json']);
  });

  test.each(['', '{"pid":1}', 'null', '7', '{"pid":"1","started":"2"}', '{"pid":1,"started":2}'])(
    'whose note says nothing (%s) is followed',
    async (text) => {
      await note(1, text);
      await (await ownFolder(folder)).release();
    },
  );

  test('is one, of many that start at once after it was killed', async () => {
    for (let round = 1; round <= 30; round++) {
      await note(round * 10, dead);
      const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => ownFolder(folder)));
      const owners = outcomes.filter((outcome) => outcome.status === 'fulfilled');
      expect(owners).toHaveLength(1);
      expect(await readdir(folder)).toHaveLength(1);
      await owners[0]?.value.release();
    }
  });

  test('is one at any moment, of many that come and go', async () => {
    let owning = 0;
    let most = 0;
    const comeAndGo = async () => {
      for (let count = 0; count < 30; count++) {
        const owner = await ownFolder(folder).catch(() => undefined);
        if (owner === undefined) continue;
        owning++;
        most = Math.max(most, owning);
        await readdir(folder);
        owning--;
        await owner.release();
      }
    };
    await Promise.all(Array.from({ length: 6 }, comeAndGo));
    expect(most).toBe(1);
  });

  test('is told from that of the folder that it is a copy of, and is another once a person has said so', async () => {
    const original = await ownFolder(folder);
    const copy = join(folder, 'copy');
    await mkdir(copy);
    const noted = await readFile(join(folder, 'owner.1.json'), 'utf8');
    await writeFile(join(copy, 'owner.1.json'), noted);
    await expect(ownFolder(copy)).rejects.toMatchObject({
      code: 'data_folder_copied',
      details: { folder: copy, original: folder, pid: process.pid },
      message: expect.stringContaining(
        `remove ${join(copy, 'owner.1.json')}, ${join(copy, 'socket')} and ${join(copy, 'cluster', 'postmaster.pid')}, `,
      ),
    });
    await rm(join(copy, 'owner.1.json'));
    await (await ownFolder(copy)).release();
    await original.release();
  });

  test('of an older version does not say which folder, and is one', async () => {
    const { folder: _, ...older } = JSON.parse(await noteOfThis());
    await note(1, JSON.stringify(older));
    await expect(ownFolder(folder)).rejects.toMatchObject({ code: 'data_folder_in_use' });
  });

  const noteOfThis = async () => {
    const owner = await ownFolder(folder);
    const text = await readFile(join(folder, 'owner.1.json'), 'utf8');
    await owner.release();
    return text;
  };

  test('cannot be noted in a folder that is not there', async () => {
    await expect(ownFolder(join(folder, 'missing'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
