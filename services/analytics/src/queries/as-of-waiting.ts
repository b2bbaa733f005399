import { parseMicros, SophiaError } from '@sophia/shared';
import type { Position } from '@sophia/types';
import type { PublishedReadPoint } from '../projection/published-read-point.ts';

/** Lets a query wait until answers are complete up to the moment that it asks about. */
export interface AsOfWaiting {
  /**
   * `asOf` in microseconds since 1970, null for now; `position` where that moment is one of the log.
   * Errors: `as_of_in_future` after two seconds.
   */
  waitFor(asOf: bigint | null, signal: AbortSignal | undefined, position?: Position): Promise<void>;
}

const LONGEST_WAIT_MS = 2_000;

export const createAsOfWaiting = (published: PublishedReadPoint): AsOfWaiting => ({
  async waitFor(asOf, signal, position) {
    if (asOf === null) return;
    const isReached = ({ completeTo, position: reached }: { readonly completeTo: string; readonly position: Position }): boolean =>
      reached === position || (parseMicros(completeTo) ?? 0n) > asOf;
    if (await published.waitFor(isReached, LONGEST_WAIT_MS, signal)) return;
    const { completeTo } = published.current();
    throw new SophiaError('as_of_in_future', `as_of is not reached: answers are complete to ${completeTo}.`, {
      details: { complete_to: completeTo },
    });
  },
});
