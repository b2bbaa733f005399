import { type Clock, SophiaError } from '@sophia/shared';
import type { CallOptions } from '../database.ts';

/** Milliseconds until a call is given up, unless told. */
export const DEFAULT_DEADLINE = 10_000;

/** How long a call may still take, over all of its attempts. */
export interface CallLimits {
  readonly signal: AbortSignal | undefined;
  /** Milliseconds left; not below 0, and 0 after the abort. */
  remaining(): number;
  /** Calls back once at the deadline or the abort, with the error for the caller, until released. */
  watch(onEnd: (error: Error) => void): () => void;
}

export function callLimits({ deadline = DEFAULT_DEADLINE, signal }: CallOptions, clock: Clock): CallLimits {
  const until = clock.monotonic() + deadline;
  const remaining = () => (signal?.aborted === true ? 0 : Math.max(0, until - clock.monotonic()));
  return {
    signal,
    remaining,
    watch(onEnd) {
      const end = (error: Error) => {
        release();
        onEnd(error);
      };
      const onAbort = () => end(abortError(signal));
      const timer = setTimeout(
        () =>
          end(new SophiaError('deadline_exceeded', `The database did not answer within ${Math.round(deadline)} ms.`, { retryAfter: 1 })),
        remaining(),
      );
      const release = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      if (signal?.aborted === true) queueMicrotask(onAbort);
      else signal?.addEventListener('abort', onAbort, { once: true });
      return release;
    },
  };
}

const abortError = (signal: AbortSignal | undefined): Error => {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new Error('The call was aborted.', { cause: reason });
};
