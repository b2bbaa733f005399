import { comparePlaces, type Place } from '../position.ts';

/** What to do after a failure. */
export type AfterFailure = 'try_again' | 'split' | 'set_aside';

/** Finds the event that makes a batch fail: the batch is tried again, then halved until that event stands alone. */
export interface PoisonSearch {
  /** Most events to try next. */
  readonly size: number;
  /** Failures of what is tried now; the waits grow with it. */
  readonly failures: number;
  succeeded(end: Place): void;
  /** The batch of so many events up to `end` failed. */
  failed(events: number, end: Place): AfterFailure;
}

export function createPoisonSearch(batchSize: number, attempts: number): PoisonSearch {
  let size = batchSize;
  let failures = 0;
  /** End of the batch whose poison is searched for. */
  let suspectTo: Place | undefined;

  return {
    get size() {
      return size;
    },
    get failures() {
      return failures;
    },
    succeeded(end) {
      failures = 0;
      if (suspectTo === undefined || comparePlaces(end, suspectTo) >= 0) {
        suspectTo = undefined;
        size = batchSize;
      } else {
        size = Math.min(size * 2, batchSize);
      }
    },
    failed(events, end) {
      failures++;
      // Without events there is nothing to set aside.
      if (events === 0) return 'try_again';
      size = events;
      const isSplit = suspectTo !== undefined;
      if (failures < attempts && (events === 1 || !isSplit)) return 'try_again';
      failures = 0;
      suspectTo ??= end;
      if (events === 1) return 'set_aside';
      size = Math.ceil(events / 2);
      return 'split';
    },
  };
}
