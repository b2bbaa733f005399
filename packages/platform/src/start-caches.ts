import type { Cache } from '@sophia/cache';
import { createMemoryCache } from '@sophia/cache/memory';
import { type Configuration, type Lifecycle, systemClock } from '@sophia/shared';

/** Of the memory for caches, the part of L1; the rest is L3's. */
const ANSWERS_SHARE = 0.75;

/** The memory of analytics: answers as they are sent (L1), and results that they are made of (L3). */
export const startCaches = async (
  { cache: { maximumBytes } }: Pick<Configuration, 'cache'>,
  lifecycle: Lifecycle,
): Promise<{ readonly answers: Cache; readonly results: Cache }> => {
  const start = (name: string, bytes: number): Promise<Cache> =>
    lifecycle.start(name, () => createMemoryCache({ maximumBytes: bytes, clock: systemClock }));
  return {
    answers: await start('answers', Math.floor(maximumBytes * ANSWERS_SHARE)),
    results: await start('results', Math.ceil(maximumBytes * (1 - ANSWERS_SHARE))),
  };
};
