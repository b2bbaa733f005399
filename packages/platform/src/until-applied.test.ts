import { expect, it } from 'vitest';
import { untilApplied } from './until-applied.ts';

it('waits as long as the projection moves', async () => {
  const ticks = [1, 1, 2, 3];
  await untilApplied({ last: 3, applied: async () => ticks.shift() ?? 3 });
  expect(ticks).toEqual([]);
});

it('gives a projection up that stands still', async () => {
  await expect(untilApplied({ last: 3, applied: async () => 2, standstill: 0 })).rejects.toMatchObject({
    code: 'deadline_exceeded',
    message: 'The warehouse has stood at tick 2 of 3 for 0 s.',
  });
});
