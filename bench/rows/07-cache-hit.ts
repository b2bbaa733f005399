import { createMemoryCache } from '@sophia/cache/memory';
import { systemClock } from '@sophia/shared';
import type { Position } from '@sophia/types';
import { LRUCache } from 'lru-cache';
import type { BenchRow, Sample } from '../protocol.ts';

const ENTRIES = 10_000;
const LOOK_UPS_BETWEEN_CLOCKS = 100_000;

/** Row 7: both sides get the same keys, drawn in the same order, from the same number of entries. */
export const cacheHit: BenchRow = {
  number: 7,
  name: 'cache-hit',
  what: 'cache hit in process, with policy scope in the key',
  reference: 'bare lru-cache get',
  unit: 'hits/s',
  async prepare() {
    const bytes = Buffer.allocUnsafeSlow(512).fill('x');
    const keys = Array.from({ length: ENTRIES }, (_, index) => `analytics:1:query:${scopeOf(index)}:${index}`);
    const bare = new LRUCache<string, Buffer>({ maxSize: 1e9, sizeCalculation: (value) => value.length });
    for (const key of keys) bare.set(key, bytes);
    const cache = createMemoryCache({ maximumBytes: 1e9, clock: systemClock });
    const readPoint = { tick: 1, position: 'bench.1.0' as Position, completeTo: new Date(0).toISOString() };
    for (const key of keys) {
      await cache.getOrLoad(key, { dependencies: [{ tag: '1:deal' }], ttl: 3_600_000 }, async () => ({ bytes, readPoint }));
    }
    return {
      reference: async (seconds) => run(keys, seconds, (key) => bare.get(key)),
      ours: async (seconds) => run(keys, seconds, (key) => cache.peek(key)?.bytes),
      close: () => cache.close(),
    };
  },
};

const scopeOf = (index: number): string => (index % 7).toString(16).padStart(32, '0');

const run = (keys: readonly string[], seconds: number, get: (key: string) => Buffer | undefined): Sample => {
  const begun = performance.now();
  const end = begun + seconds * 1000;
  let operations = 0;
  let checked = 0;
  let index = 0;
  while (performance.now() < end) {
    for (let count = 0; count < LOOK_UPS_BETWEEN_CLOCKS; count += 1) {
      // A stride that is coprime to the count of keys visits all of them, out of order.
      index = (index + 7919) % keys.length;
      checked += get(keys[index] ?? '')?.length ?? Number.NaN;
    }
    operations += LOOK_UPS_BETWEEN_CLOCKS;
  }
  if (checked !== operations * 512) throw new Error('a look-up missed its entry');
  return { operations, seconds: (performance.now() - begun) / 1000 };
};
