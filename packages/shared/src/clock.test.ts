import { expect, it } from 'vitest';
import { systemClock } from './clock.ts';

it('the system clock tells the time, and one that never goes back', () => {
  expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(60_000);
  const before = systemClock.monotonic();
  expect(systemClock.monotonic()).toBeGreaterThanOrEqual(before);
});
