import { expect, test } from 'vitest';
import type { ImportProgress } from '../catalog.ts';
import { createProgressMeter } from './import-progress.ts';
import { secondsLeft } from './import-row.ts';

test('progress is told four times a second, with pace and time left', () => {
  let now = 0;
  const told: ImportProgress[] = [];
  const clock = { now: () => now, monotonic: () => now };
  const meter = createProgressMeter({ clock, bytesTotal: 1_000, onProgress: (progress) => told.push(progress) });
  const counts = { created: 50, updated: 20, unchanged: 20, stale: 5, rejected: 10 };
  meter.count(counts);
  meter.read(100);
  meter.tell();
  now = 249;
  meter.tell();
  expect(told).toEqual([]);
  now = 250;
  meter.tell();
  expect(told).toEqual([{ ...counts, read: 100, rows_per_second: 400, seconds_left: 2 }]);
  meter.read(undefined);
  expect(meter.bytesRead).toBe(100);
  expect(meter.noteIsDue()).toBe(false);
  now = 1_000;
  expect(meter.noteIsDue()).toBe(true);
  expect(meter.noteIsDue()).toBe(false);
  expect(meter.milliseconds).toBe(1_000);
});

test('progress without sizes has no time left, and the last is always told', () => {
  const told: ImportProgress[] = [];
  const clock = { now: () => 0, monotonic: () => 0 };
  const meter = createProgressMeter({ clock, bytesTotal: undefined, onProgress: (progress) => told.push(progress) });
  meter.tell(true);
  expect(told).toMatchObject([{ read: 0, rows_per_second: 0, seconds_left: null }]);
  createProgressMeter({ clock, bytesTotal: undefined, onProgress: undefined }).tell(true);
});

test.each([
  [0, 100, 1, null],
  [50, 0, 1, null],
  [50, 100, 0, null],
  [50, 100, 10, 10],
  [200, 100, 10, 0],
])('after %d of %d bytes and %d s there are %j s left', (read, total, seconds, left) => {
  expect(secondsLeft(read, total, seconds)).toBe(left);
});
