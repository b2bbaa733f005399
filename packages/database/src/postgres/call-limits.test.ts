import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { callLimits } from './call-limits.ts';

const clock = { now: () => 0, monotonic: () => 0 };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('what is left of a deadline is told in whole milliseconds', () => {
  const told: string[] = [];
  callLimits({ deadline: 72.966_42 }, clock).watch(({ message }) => told.push(message));
  vi.advanceTimersByTime(100);
  expect(told).toEqual(['The database did not answer within 73 ms.']);
});

test('after the abort no time is left, also to find out what a commit came to', () => {
  const controller = new AbortController();
  const limits = callLimits({ deadline: 1_000, signal: controller.signal }, clock);
  expect(limits.remaining()).toBe(1_000);
  controller.abort();
  expect(limits.remaining()).toBe(0);
});

test('the end is told once: the abort, where that came first, and not the deadline behind it', async () => {
  const told: string[] = [];
  const controller = new AbortController();
  const limits = callLimits({ deadline: 50, signal: controller.signal }, clock);
  limits.watch(({ message }) => told.push(`under way: ${message}`));
  controller.abort(new Error('gone'));
  limits.watch(({ message }) => told.push(`begun late: ${message}`));
  await Promise.resolve();
  vi.advanceTimersByTime(100);
  expect(told).toEqual(['under way: gone', 'begun late: gone']);
});
