import { SophiaError } from '@sophia/shared';
import { expect, test } from 'vitest';
import { catchUp } from './catch-up.ts';

test('what takes long is told, as the part of the log that is applied', async () => {
  const told: string[] = [];
  const caughtUp: Parameters<typeof catchUp>[0]['caughtUp'] = async ({ onLook } = {}) => {
    for (const tick of [100, 150, 199]) onLook?.(tick, 200);
  };
  await catchUp({ caughtUp }, (line) => told.push(line), { tellEvery: 0 });
  expect(told).toEqual([0, 50, 99].map((part) => `applying the log to the warehouse: ${part} %`));
  await catchUp({ caughtUp }, (line) => told.push(line));
  expect(told).toHaveLength(3);
});

test('a warehouse that stands still is not waited for, and any other failure is passed on', async () => {
  const told: string[] = [];
  const failing = (error: Error) => catchUp({ caughtUp: () => Promise.reject(error) }, (line) => told.push(line));
  await failing(new SophiaError('deadline_exceeded', 'The warehouse has stood at tick 3 of 7 for 30 s.'));
  expect(told).toEqual([expect.stringContaining('The warehouse has stood at tick 3 of 7 for 30 s. It is not waited for')]);
  await expect(failing(new Error('other'))).rejects.toThrow('other');
});
