import { type Random, systemRandom } from '../random.ts';
import { type Sleep, systemSleep } from './sleep.ts';

export interface RetryOptions {
  /** How often the work is tried in all; 3 unless told. */
  readonly attempts?: number | undefined;
  /** Upper bound in milliseconds of the first wait, doubled each time; 50 unless told. */
  readonly initialDelay?: number | undefined;
  /** Upper bound in milliseconds of every wait; 5,000 unless told. */
  readonly maximumDelay?: number | undefined;
  /** Whether trying again may help; always, unless told. */
  readonly isRetryable?: ((error: unknown) => boolean) | undefined;
  /** Called before each wait. */
  readonly onRetry?: ((error: unknown, attempt: number, milliseconds: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly random?: Random | undefined;
  readonly sleep?: Sleep | undefined;
}

/**
 * Tries `work` until it succeeds, with exponential backoff and full jitter: each wait is uniform
 * between 0 and a bound that doubles (Marc Brooker, "Exponential Backoff And Jitter", 2015).
 * Ends with the last error.
 */
export async function retry<T>(work: (attempt: number) => Promise<T>, options: RetryOptions = {}): Promise<T> {
  const { attempts = 3, isRetryable = () => true, onRetry, signal, sleep = systemSleep } = options;
  const nextDelay = createBackoff(options);
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    try {
      return await work(attempt);
    } catch (error) {
      if (attempt >= attempts || signal?.aborted === true || !isRetryable(error)) throw error;
      const milliseconds = nextDelay(attempt);
      onRetry?.(error, attempt, milliseconds);
      await sleep(milliseconds, signal);
    }
  }
}

/** The waits of `retry` alone, for loops without end: milliseconds before attempt `attempt + 1`, `attempt` from 1. */
export function createBackoff(options: Pick<RetryOptions, 'initialDelay' | 'maximumDelay' | 'random'> = {}): (attempt: number) => number {
  const { initialDelay = 50, maximumDelay = 5_000, random = systemRandom } = options;
  return (attempt) => random() * Math.min(maximumDelay, initialDelay * 2 ** Math.min(attempt - 1, 30));
}
