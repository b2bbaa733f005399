import type { Subscription } from '@sophia/event-log';
import type { Logger } from '@sophia/observability';
import { createBackoff, systemRandom, systemSleep } from '@sophia/shared';

/** The projection as one that runs, rests for a while, and goes on. */
export interface PausableProjection {
  /** Runs the work while nothing is applied. Whatever becomes of it, the projection goes on afterwards, tried until it does. */
  whilePaused<T>(work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface PausableProjectionOptions {
  readonly start: () => Promise<Subscription>;
  readonly logger: Pick<Logger, 'error'>;
  /** Milliseconds before the second attempt to go on, at most; 100 unless told. */
  readonly retryDelay?: number | undefined;
}

const LONGEST_DELAY_MS = 5_000;

/** Starts the projection. Throws what the first start throws. */
export const createPausableProjection = async (options: PausableProjectionOptions): Promise<PausableProjection> => {
  const { start, logger, retryDelay = 100 } = options;
  const closing = new AbortController();
  const backoff = createBackoff({ initialDelay: retryDelay, maximumDelay: LONGEST_DELAY_MS, random: systemRandom });
  let running: Subscription | undefined = await start();
  let resuming: Promise<void> = Promise.resolve();

  const stop = async (): Promise<void> => {
    const stopping = running;
    running = undefined;
    await stopping?.close();
  };

  const resume = async (): Promise<void> => {
    for (let failures = 1; !closing.signal.aborted; failures += 1) {
      try {
        running = await start();
        return;
      } catch (error) {
        logger.error({ err: error, failures }, 'the projection could not go on and is tried again');
        // Closing ends the wait.
        await systemSleep(backoff(failures), closing.signal).catch(() => undefined);
      }
    }
  };

  return {
    async whilePaused(work) {
      try {
        await stop();
        return await work();
      } finally {
        resuming = resume();
        await resuming;
      }
    },
    async close() {
      closing.abort(new Error('The projection is closing.'));
      await resuming;
      await stop();
    },
  };
};
