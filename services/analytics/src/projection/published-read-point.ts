import type { ReadPoint } from '@sophia/types';

/**
 * The read point that this instance states: published after the tick was applied and its
 * invalidations were processed, so that no cached answer is older than what is stated.
 */
export interface PublishedReadPoint {
  current(): ReadPoint;
  publish(readPoint: ReadPoint): void;
  /** Resolves to true when a read point passes the test, to false after `milliseconds`; rejects when the signal aborts. */
  waitFor(test: (readPoint: ReadPoint) => boolean | Promise<boolean>, milliseconds: number, signal?: AbortSignal): Promise<boolean>;
}

export const createPublishedReadPoint = (initial: ReadPoint): PublishedReadPoint => {
  let current = initial;
  const waiting = new Set<() => void>();

  const next = (milliseconds: number, signal: AbortSignal | undefined): Promise<void> =>
    new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', wake);
        waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, milliseconds);
      signal?.addEventListener('abort', wake, { once: true });
      waiting.add(wake);
    });

  return {
    current: () => current,
    publish(readPoint) {
      current = readPoint;
      for (const wake of [...waiting]) wake();
    },
    async waitFor(test, milliseconds, signal) {
      const deadline = performance.now() + milliseconds;
      for (;;) {
        signal?.throwIfAborted();
        const seen = current;
        if (await test(seen)) return true;
        const left = deadline - performance.now();
        if (left <= 0) return false;
        // What came while the test ran, a read point or the caller's end, is looked at without waiting.
        if (seen === current && signal?.aborted !== true) await next(left, signal);
      }
    },
  };
};

export const laterOf = (one: ReadPoint, other: ReadPoint): ReadPoint => (one.tick < other.tick ? other : one);
