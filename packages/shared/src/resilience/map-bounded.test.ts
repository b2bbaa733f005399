import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mapBounded } from './map-bounded.ts';

describe('mapBounded', () => {
  it('keeps the order, whatever ends first, and never runs more than the limit', async () => {
    const arbitrary = fc.asyncProperty(
      fc.array(fc.nat({ max: 5 }), { maxLength: 40 }),
      fc.integer({ min: 1, max: 100 }),
      async (turns, limit) => {
        let running = 0;
        let most = 0;
        const results = await mapBounded(turns, limit, async (count, index) => {
          most = Math.max(most, ++running);
          for (let turn = 0; turn < count; turn++) await Promise.resolve();
          running--;
          return index;
        });
        expect(results).toEqual(turns.map((_, index) => index));
        expect(most).toBeLessThanOrEqual(limit);
      },
    );
    await fc.assert(arbitrary);
  });

  it('starts no more after a failure, waits for what runs, and throws the first error', async () => {
    const slow = Promise.withResolvers<void>();
    const started: number[] = [];
    let slowEnded = false;
    const mapping = mapBounded([0, 1, 2, 3], 2, async (item) => {
      started.push(item);
      if (item === 1) throw new Error('the second fails');
      await slow.promise;
      slowEnded = true;
      if (item === 0) throw new Error('the first fails later');
    });
    setImmediate(slow.resolve);
    await expect(mapping).rejects.toThrow('the second fails');
    expect(started).toEqual([0, 1]);
    expect(slowEnded).toBe(true);
  });

  it('stops at a failure while items are yet to come', async () => {
    async function* items() {
      yield 1;
      await new Promise((resolve) => setImmediate(resolve));
      yield 2;
    }
    const started: number[] = [];
    const mapping = mapBounded(items(), 10, async (item) => {
      started.push(item);
      throw new Error(`${item} fails`);
    });
    await expect(mapping).rejects.toThrow('1 fails');
    expect(started).toEqual([1]);
  });

  it('fails with its items', async () => {
    function* items() {
      yield 1;
      throw new Error('no more items');
    }
    await expect(mapBounded(items(), 2, async () => undefined)).rejects.toThrow('no more items');
  });

  it.each([0, 101, 1.5])('takes no limit of %d', async (limit) => {
    await expect(mapBounded([1], limit, async () => undefined)).rejects.toThrow(RangeError);
  });
});
