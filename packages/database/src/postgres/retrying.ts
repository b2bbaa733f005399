import { createBackoff } from '@sophia/shared';
import type { CallLimits } from './call-limits.ts';
import type { FailureKind } from './postgres-errors.ts';

/** What one run of some work came to: its value, or the error for the caller and why it failed. */
export type Attempt<T> = { readonly done: T } | { readonly failed: unknown; readonly kind: FailureKind };

export interface RetryingOptions {
  /** Whether running it again does no harm. */
  readonly idempotent: boolean;
  readonly limits: CallLimits;
  readonly onRetry: (kind: FailureKind) => void;
}

/** Runs it until it is done, as long as another run may help and there is time (D3); throws the last failure. */
export async function retrying<T>(
  { idempotent, limits, onRetry }: RetryingOptions,
  run: (attempt: number) => Promise<Attempt<T>>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await run(attempt);
    if ('done' in outcome) return outcome.done;
    const wait = nextWait(attempt);
    if (!idempotent || outcome.kind === 'other' || attempt >= ATTEMPTS || wait >= limits.remaining()) throw outcome.failed;
    onRetry(outcome.kind);
    await pause(wait, limits);
  }
}

const ATTEMPTS = 10;
const nextWait = createBackoff({ initialDelay: 10, maximumDelay: 500 });

function pause(milliseconds: number, limits: CallLimits): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      release();
      resolve();
    }, milliseconds);
    const release = limits.watch((error) => {
      clearTimeout(timer);
      release();
      reject(error);
    });
  });
}
