import fc from 'fast-check';
import { expect, test } from 'vitest';
import { laneOf } from './lane-of.ts';

test('a key has one lane, and keys that count up are shared out evenly', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 8 }), (key, lanes) => {
      const lane = laneOf(key, lanes);
      expect(lane).toBe(laneOf(key, lanes));
      expect(lane).toBeGreaterThanOrEqual(0);
      expect(lane).toBeLessThan(lanes);
    }),
  );
  for (const lanes of [2, 3, 4]) {
    const counts = new Array<number>(lanes).fill(0);
    for (let number = 0; number < 10_000; number++)
      counts[laneOf(`deal\u0000crm\u0000D-${number}`, lanes)] = (counts[laneOf(`deal\u0000crm\u0000D-${number}`, lanes)] ?? 0) + 1;
    for (const count of counts) expect(Math.abs(count * lanes - 10_000)).toBeLessThan(1_000);
  }
});
