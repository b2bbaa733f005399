import { SophiaError } from '../errors.ts';

/** What the work may look at while its time runs. */
export interface Deadline {
  /** Aborted at the deadline or with the caller's signal. Made on first use: work that never looks pays for a timer only. */
  readonly signal: AbortSignal;
}

export interface DeadlineOptions {
  /** What is waited for, named in the error: `the warehouse`. */
  readonly what?: string | undefined;
  /** The caller's own signal: its abort ends the wait with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs `work` for at most `milliseconds`. Then its signal is aborted and the result is
 * `deadline_exceeded`, whether or not the work reacts.
 */
export function withDeadline<T>(milliseconds: number, work: (deadline: Deadline) => Promise<T>, options: DeadlineOptions = {}): Promise<T> {
  const { signal: outer, what = 'the work' } = options;
  if (outer?.aborted === true) return Promise.reject(outer.reason);
  return new Promise<T>((resolve, reject) => {
    let controller: AbortController | undefined;
    let ended: { readonly reason: unknown } | undefined;

    const end = (reason: unknown) => {
      ended = { reason };
      release();
      reject(reason);
      controller?.abort(reason);
    };
    const onAbort = () => end(outer?.reason);
    const timer = setTimeout(
      () => end(new SophiaError('deadline_exceeded', `No answer within ${milliseconds} ms from ${what}.`, { retryAfter: 1 })),
      milliseconds,
    );
    const release = () => {
      clearTimeout(timer);
      outer?.removeEventListener('abort', onAbort);
    };
    outer?.addEventListener('abort', onAbort, { once: true });

    const deadline: Deadline = {
      get signal() {
        controller ??= new AbortController();
        if (ended !== undefined) controller.abort(ended.reason);
        return controller.signal;
      },
    };
    try {
      work(deadline).then(
        (value) => {
          release();
          resolve(value);
        },
        (error: unknown) => {
          release();
          reject(error);
        },
      );
    } catch (error) {
      release();
      reject(error);
    }
  });
}
