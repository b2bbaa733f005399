import type { EventLog } from '@sophia/event-log';
import { SophiaError } from '@sophia/shared';
import type { PublishedReadPoint } from '../projection/published-read-point.ts';

/** Read your writes: lets a query wait until the answers contain the caller's last write. */
export interface WriteWaiting {
  /** Errors: `invalid_token`, `cursor_of_another_log`, `not_applied_yet` after so many milliseconds (2,000 unless told). */
  waitFor(after: string | undefined, signal?: AbortSignal, milliseconds?: number): Promise<void>;
  /** Errors: `invalid_token`, `cursor_of_another_log`. */
  isContained(token: string): Promise<boolean>;
}

const LONGEST_WAIT_MS = 2_000;

export const createWriteWaiting = (eventLog: EventLog, published: PublishedReadPoint): WriteWaiting => ({
  isContained: async (token) => eventLog.contains(published.current().tick, eventLog.decodeToken(token)),
  async waitFor(after, signal, milliseconds = LONGEST_WAIT_MS) {
    if (after === undefined) return;
    const write = eventLog.decodeToken(after);
    if (await eventLog.contains(published.current().tick, write)) return;
    const done = eventLog.hurry();
    try {
      if (await published.waitFor(({ tick }) => eventLog.contains(tick, write), milliseconds, signal)) return;
    } finally {
      done();
    }
    throw new SophiaError('not_applied_yet', 'The write is committed, but the answers do not contain it yet.', { retryAfter: 1 });
  },
});
