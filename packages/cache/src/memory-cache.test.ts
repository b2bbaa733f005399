import { cacheContract } from './cache.contract.ts';
import { createMemoryCache } from './memory-cache.ts';

const MAXIMUM_BYTES = 40_000;

cacheContract('memory', async () => {
  let now = 1000;
  const clock = { now: () => now, monotonic: () => now };
  return {
    create: async () => createMemoryCache({ maximumBytes: MAXIMUM_BYTES, clock }),
    secondInstance: { none: 'memory belongs to one process; the invalidation bus connects instances' },
    elapse: async (milliseconds) => {
      now += milliseconds;
    },
    maximumBytes: MAXIMUM_BYTES,
    close: () => Promise.resolve(),
  };
});
