import { SophiaError } from '@sophia/shared';

/** Watches that the database says something while it is asked, not while others are at work. */
export interface Silence {
  /** Aborted when the database was silent for too long. */
  readonly signal: AbortSignal;
  /** Does the work of others, however long it takes; afterwards the time begins anew. */
  during<T>(work: () => Promise<T>): Promise<T>;
  end(): void;
}

/**
 * A connection that was dropped without a word (by a firewall, a cable) is noticed by nothing but the time that an answer takes,
 * which for the statements around a handler is far less than the handler's own.
 */
export function watchSilence(milliseconds: number): Silence {
  const controller = new AbortController();
  const start = () =>
    setTimeout(() => {
      controller.abort(
        new SophiaError('deadline_exceeded', `The database was silent for ${milliseconds} ms: the connection is given up.`, {
          retryAfter: 1,
        }),
      );
    }, milliseconds);
  let timer = start();
  return {
    signal: controller.signal,
    async during(work) {
      clearTimeout(timer);
      try {
        return await work();
      } finally {
        timer = start();
      }
    },
    end: () => clearTimeout(timer),
  };
}

/** Most connections of a pool may have been dropped at once: the first attempts are short. Where it is the reading that takes long, each next one has twice the time. */
export const silenceOf = (usual: number, failures: number, most: number): number =>
  Math.min(most, usual * 2 ** Math.max(0, failures - SHORT_ATTEMPTS));

const SHORT_ATTEMPTS = 2;
