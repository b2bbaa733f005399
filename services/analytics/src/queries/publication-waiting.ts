import { SophiaError } from '@sophia/shared';
import type { ReadPoint } from '@sophia/types';
import type { PublishedReadPoint } from '../projection/published-read-point.ts';

const LONGEST_WAIT_MS = 2_000;

/**
 * Waits until what was read is published. The warehouse shows a tick before its invalidations are processed: stated
 * then, it would be later than what caches still give; stating the tick before, the rows would be later than it.
 * Errors: `not_applied_yet` after so many milliseconds (2,000 unless told).
 */
export const untilPublished = async (
  published: PublishedReadPoint,
  read: ReadPoint,
  signal: AbortSignal | undefined,
  milliseconds = LONGEST_WAIT_MS,
): Promise<void> => {
  if (isPublished(published, read)) return;
  if (await published.waitFor(({ tick }) => tick >= read.tick, milliseconds, signal)) return;
  throw new SophiaError('not_applied_yet', 'What was read is applied, but not stated by answers yet.', { retryAfter: 1 });
};

export const isPublished = (published: PublishedReadPoint, { tick }: ReadPoint): boolean => tick <= published.current().tick;
