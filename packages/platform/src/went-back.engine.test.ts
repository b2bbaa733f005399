import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Configuration } from '@sophia/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestPlatform, type TestPlatform } from './testing/test-platform.ts';

/** A bound on what never comes, not on slow machines. */
const APPLY_MS = 30_000;

let test: TestPlatform;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sophia-older-'));
  test = await openTestPlatform();
});
afterAll(async () => {
  await test.close();
  await rm(folder, { recursive: true });
});

const databaseOf = ({ database }: Configuration): string => {
  if (database.kind !== 'embedded') throw new Error('The platform of this test brings its database along.');
  return database.directory;
};
const older = () => join(folder, 'postgres');
const amount = async () => (await test.ask({ metrics: ['revenue'], time_range: { from: '2017-01-01', to: '2018-01-01' } })).rows;
const deal = (key: string, value: string) =>
  test.apply('deal', key, { name: key, status: 'won', amount: value, currency: 'USD', close_date: '2017-06-01' });

describe('a database that was set back to an older copy of itself', () => {
  it('gets a new epoch and a warehouse of what it has; positions and tokens of the part that is lost are refused', async () => {
    await deal('kept', '10');
    await test.restart((configuration) => cp(databaseOf(configuration), older(), { recursive: true }));
    const lost = await deal('lost', '1000');
    const { position } = await test.platform.eventLog.head();
    expect(await amount()).toEqual([['1010.0000']]);

    await test.restart(async (configuration) => {
      await rm(databaseOf(configuration), { recursive: true });
      await cp(older(), databaseOf(configuration), { recursive: true });
    });
    await test.platform.caughtUp();
    expect(await amount()).toEqual([['10.0000']]);
    await expect(test.platform.analytics.waitForWrite(lost, APPLY_MS)).rejects.toMatchObject({ code: 'cursor_of_another_log' });
    await expect(test.platform.eventLog.read(position)).rejects.toMatchObject({ code: 'cursor_of_another_log' });
    // What is written from then on is neither skipped nor added to what is lost.
    await test.platform.analytics.waitForWrite(await deal('new', '1'), APPLY_MS);
    expect(await amount()).toEqual([['11.0000']]);
  });

  it('is left as it is where nothing was lost', async () => {
    const { epoch } = await test.platform.eventLog.head();
    await test.restart();
    expect((await test.platform.eventLog.head()).epoch).toBe(epoch);
    expect(await amount()).toEqual([['11.0000']]);
  });
});
