import { pause } from './pause.ts';

/**
 * What follows the log rests between two rounds, so that it takes a bounded share of a busy machine and
 * its batches grow with the load; while somebody waits for the outcome it does not.
 */
export interface Haste {
  /** Somebody waits, from now until the function that is returned is called. */
  begin(): () => void;
  readonly isUrgent: boolean;
  /** Waits so many milliseconds, until somebody begins to wait, or until the abort. */
  rest(milliseconds: number, signal: AbortSignal): Promise<void>;
}

export function createHaste(): Haste {
  let waiting = 0;
  const resting = new Set<AbortController>();
  return {
    begin() {
      waiting++;
      if (waiting === 1) for (const each of resting) each.abort();
      let hasEnded = false;
      return () => {
        if (!hasEnded) waiting--;
        hasEnded = true;
      };
    },
    get isUrgent() {
      return waiting > 0;
    },
    async rest(milliseconds, signal) {
      const own = new AbortController();
      const end = () => own.abort();
      signal.addEventListener('abort', end, { once: true });
      resting.add(own);
      if (!signal.aborted) await pause(milliseconds, own.signal);
      resting.delete(own);
      signal.removeEventListener('abort', end);
    },
  };
}
