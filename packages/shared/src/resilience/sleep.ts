import { setTimeout as delay } from 'node:timers/promises';

/** Waits so many milliseconds; rejects with the signal's reason when it is aborted first. */
export type Sleep = (milliseconds: number, signal?: AbortSignal) => Promise<void>;

export const systemSleep: Sleep = async (milliseconds, signal) => {
  try {
    await delay(milliseconds, undefined, signal === undefined ? {} : { signal });
  } catch {
    // The timer fails with an error of its own when the signal is aborted, and never else.
    throw signal?.reason;
  }
};
