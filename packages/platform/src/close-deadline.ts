import type { Configuration } from '@sophia/shared';

/** Milliseconds in which each part of a platform closes, PostgreSQL with its last checkpoint among them. */
const USUAL = 30_000;

/** Milliseconds for each part to close: a shorter time for requests to end is none for the parts, a longer one is one for them too. */
export const closeDeadlineOf = ({ shutdownMilliseconds }: Pick<Configuration, 'shutdownMilliseconds'>): number =>
  Math.max(USUAL, shutdownMilliseconds);
