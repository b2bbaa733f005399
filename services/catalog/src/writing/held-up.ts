/** Requests whose rows are held by somebody else, or may be. */
export interface HeldUp<Entry> {
  readonly size: number;
  /** Until all of them are done; undefined while there are none. */
  readonly trying: Promise<void> | undefined;
  add(entries: readonly Entry[]): void;
  /** Remembers the key of a row that is held, as a try of its own has shown: its next request is held up from the beginning. */
  suspect(key: string): void;
  isSuspect(key: string): boolean;
  /** Something of the key was written. */
  absolve(key: string): void;
}

/** Milliseconds in which each is tried once, and that one try takes at least: so it is up to 50 of them. */
const ROUND = 1_000;
const LEAST_TRY = 20;
const LONGEST_TRY = 250;
/** Keys that are remembered; the oldest ones are forgotten. */
const SUSPECTS = 1_000;

/**
 * Tries them one by one and in turn, each for a moment, so that only those of its key wait for a row, however many are held. Up
 * to 50 are tried once a second, 500 once in ten.
 *
 * @param tryAlone waits so many milliseconds at most for the row; adds the request again, behind the others, where that was in vain
 */
export function createHeldUp<Entry>(tryAlone: (entry: Entry, lockTimeout: number) => Promise<void>): HeldUp<Entry> {
  const waiting: Entry[] = [];
  const suspects = new Set<string>();
  let trying: Promise<void> | undefined;

  const tryAll = async (): Promise<void> => {
    for (let entry = waiting.shift(); entry !== undefined; entry = waiting.shift()) {
      await tryAlone(entry, Math.min(LONGEST_TRY, Math.max(LEAST_TRY, ROUND / (waiting.length + 1))));
    }
    trying = undefined;
  };

  return {
    get size() {
      return waiting.length;
    },
    get trying() {
      return trying;
    },
    add(entries) {
      waiting.push(...entries);
      trying ??= Promise.resolve().then(tryAll);
    },
    suspect(key) {
      suspects.add(key);
      const [oldest] = suspects;
      if (suspects.size > SUSPECTS && oldest !== undefined) suspects.delete(oldest);
    },
    isSuspect: (key) => suspects.has(key),
    absolve(key) {
      suspects.delete(key);
    },
  };
}
