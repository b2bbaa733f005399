import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { silenceOf, watchSilence } from './silence.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('a silence is ended when it lasts too long, but for the time that others take', async () => {
  const silence = watchSilence(100);
  vi.advanceTimersByTime(99);
  const others = Promise.withResolvers<string>();
  const during = silence.during(() => others.promise);
  vi.advanceTimersByTime(10_000);
  expect(silence.signal.aborted).toBe(false);
  others.resolve('done');
  expect(await during).toBe('done');
  vi.advanceTimersByTime(99);
  expect(silence.signal.aborted).toBe(false);
  vi.advanceTimersByTime(1);
  expect(silence.signal.reason).toMatchObject({ code: 'deadline_exceeded', message: expect.stringContaining('silent for 100 ms') });
});

test('one that is over is not watched any more', async () => {
  const silence = watchSilence(100);
  await expect(silence.during(() => Promise.reject(new Error('of others')))).rejects.toThrow('of others');
  silence.end();
  expect(vi.getTimerCount()).toBe(0);
});

test('it may last longer after several that lasted too long', () => {
  expect([0, 1, 2, 3, 4, 5, 9].map((failures) => silenceOf(10, failures, 60))).toEqual([10, 10, 10, 20, 40, 60, 60]);
});
