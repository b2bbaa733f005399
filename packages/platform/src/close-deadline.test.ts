import { expect, it } from 'vitest';
import { closeDeadlineOf } from './close-deadline.ts';

it.each([
  [0, 30_000],
  [30_000, 30_000],
  [600_000, 600_000],
])('where requests have %d ms to end, each part has %d ms', (shutdownMilliseconds, expected) => {
  expect(closeDeadlineOf({ shutdownMilliseconds })).toBe(expected);
});
