import { expect, it } from 'vitest';
import { createPausableProjection } from './pausable-projection.ts';

/** Starts that fail as often as told; keeps what was started and closed. */
const open = async () => {
  const told: string[] = [];
  const errors: unknown[] = [];
  let failures = 0;
  let closes = async (): Promise<void> => undefined;
  const projection = await createPausableProjection({
    retryDelay: 1,
    logger: { error: (found: unknown) => void errors.push(found) },
    start: async () => {
      if (failures > 0) {
        failures -= 1;
        throw new Error('no connection');
      }
      told.push('started');
      return { group: 'warehouse', close: () => closes().then(() => void told.push('closed')) };
    },
  });
  return { projection, told, errors, failNext: (times: number) => (failures = times), closeBy: (next: typeof closes) => (closes = next) };
};

it('the projection rests while the work runs, and goes on', async () => {
  const { projection, told } = await open();
  expect(await projection.whilePaused(async () => [...told])).toEqual(['started', 'closed']);
  expect(told).toEqual(['started', 'closed', 'started']);
  await projection.close();
  expect(told).toEqual(['started', 'closed', 'started', 'closed']);
});

it('it is started until it goes on, and what the work threw is thrown', async () => {
  const { projection, told, errors, failNext } = await open();
  failNext(3);
  const work = async () => {
    throw new Error('the rebuild differs');
  };
  await expect(projection.whilePaused(work)).rejects.toThrow('the rebuild differs');
  expect([told.length, errors.length]).toEqual([3, 3]);
  await projection.close();
});

it('it is not tried beyond its closing', async () => {
  const { projection, told, errors, failNext } = await open();
  failNext(Number.POSITIVE_INFINITY);
  const working = projection.whilePaused(async () => 'done');
  await expect.poll(() => errors.length).toBeGreaterThan(1);
  await projection.close();
  expect(await working).toBe('done');
  expect(told).toEqual(['started', 'closed']);
});

it('one that cannot be stopped is started again, and the work is not done', async () => {
  const { projection, told, closeBy } = await open();
  closeBy(() => Promise.reject(new Error('no connection')));
  await expect(projection.whilePaused(async () => told.push('worked'))).rejects.toThrow('no connection');
  expect(told).toEqual(['started', 'started']);
  closeBy(async () => undefined);
  await projection.close();
});
