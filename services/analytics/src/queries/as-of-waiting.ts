import { type Clock, parseMicros, SophiaError } from '@sophia/shared';
import type { Position, ReadPoint } from '@sophia/types';
import type { PublishedReadPoint } from '../projection/published-read-point.ts';

/** Lets a query wait until answers are complete up to the moment that it asks about. */
export interface AsOfWaiting {
  /**
   * `asOf` in microseconds since 1970, null for now; `position` where that moment is one of the log.
   * Errors, after so many milliseconds (2,000 unless told): `as_of_in_future`, or `not_applied_yet` where the moment has passed.
   */
  waitFor(asOf: bigint | null, signal: AbortSignal | undefined, position?: Position, milliseconds?: number): Promise<void>;
}

const LONGEST_WAIT_MS = 2_000;

export const createAsOfWaiting = (published: PublishedReadPoint, clock: Pick<Clock, 'now'>): AsOfWaiting => ({
  async waitFor(asOf, signal, position, milliseconds = LONGEST_WAIT_MS) {
    if (asOf === null) return;
    const isReached = ({ completeTo, position: reached }: { readonly completeTo: string; readonly position: Position }): boolean =>
      reached === position || isBefore(asOf, completeTo);
    if (await published.waitFor(isReached, milliseconds, signal)) return;
    const { completeTo } = published.current();
    if (asOf > BigInt(Math.trunc(clock.now())) * 1_000n) {
      const details = { complete_to: completeTo };
      throw new SophiaError('as_of_in_future', `as_of is not reached: answers are complete to ${completeTo}.`, { details });
    }
    throw notReached(completeTo);
  },
});

/** Errors: `not_applied_yet` where what was read is not complete to the moment: changes may follow that were known by then. */
export const requireReached = (asOf: bigint, { completeTo }: ReadPoint): void => {
  if (!isBefore(asOf, completeTo)) throw notReached(completeTo);
};

const isBefore = (asOf: bigint, completeTo: string): boolean => asOf < (parseMicros(completeTo) ?? 0n);

const notReached = (completeTo: string): SophiaError =>
  new SophiaError('not_applied_yet', `as_of has passed, but answers are complete to ${completeTo} as yet.`, {
    retryAfter: 1,
    details: { complete_to: completeTo },
  });
