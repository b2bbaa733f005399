import { appendFile, mkdtemp, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { unchangedBytes } from './unchanged-bytes.ts';

const SIZE = 1_000_000;

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sophia-bytes-'));
  path = join(folder, 'rows.csv');
});
beforeEach(async () => {
  await writeFile(path, 'x'.repeat(SIZE));
  // Clocks of file systems tick in milliseconds: what is written anew in the same one would be no change.
  await utimes(path, 1, 1);
});
afterAll(() => rm(folder, { recursive: true }));

/** How many bytes are read where `meanwhile` runs behind the first of them. */
const read = async (meanwhile: () => Promise<void>): Promise<number> => {
  let count = 0;
  for await (const bytes of unchangedBytes(path)) {
    if (count === 0) await meanwhile();
    count += bytes.length;
  }
  return count;
};

it('a file is read to its end, also where another takes its name meanwhile', async () => {
  expect(await read(async () => undefined)).toBe(SIZE);
  expect(await read(() => rm(path).then(() => writeFile(path, 'another')))).toBe(SIZE);
});

it.each([
  ['becomes shorter', () => truncate(path, 10)],
  ['becomes longer', () => appendFile(path, 'y')],
  ['is written over', () => writeFile(path, 'y'.repeat(SIZE))],
])('a file that %s meanwhile is told', async (_how, meanwhile) => {
  await expect(read(meanwhile)).rejects.toMatchObject({
    exit: 'failed',
    message: `${path} was changed while it was read; what was committed stays.`,
  });
});

it('a file that is not wanted to its end is closed', async () => {
  for await (const bytes of unchangedBytes(path)) {
    expect(bytes.length).toBeGreaterThan(0);
    break;
  }
});
