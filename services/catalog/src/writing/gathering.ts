import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '@sophia/shared';

/** Waits for those who are to share a transaction. */
export interface Gathering {
  /** Until as many wait as are expected, or nobody more seems to come. */
  gather(expected: number): Promise<void>;
  /** Somebody more waits. */
  came(): void;
  /** A group's transaction has ended, which took so many milliseconds, and in which so many came without having been answered. */
  ended(unasked: number, milliseconds: number): void;
}

export interface GatheringOptions {
  readonly clock: Clock;
  /** How many wait. */
  readonly waiting: () => number;
  /** So many are taken at once. */
  readonly most: number;
}

/** Milliseconds that a group is gathered at most. */
const LONGEST = 5;
/** Milliseconds in which nobody comes, after which nobody more is waited for. */
const QUIET = 1;
/** Groups, at most, that begin without waiting after one that was waited for in vain. */
const MOST_SKIPPED = 64;
/** Those who were answered came back if they came so many times as often as others did. */
const MORE_OFTEN = 2;

/**
 * Gathers groups: first as long as each turn of the event loop brings somebody, then, where fewer wait than are expected, as long
 * as each millisecond does. A transaction costs PostgreSQL 0.4 to 0.8 ms however few share it, so callers who write one
 * record after the other are served sooner when those who were answered last are back than half of them at a time.
 *
 * Callers who come whenever they like would only wait: if hardly more of them came in a millisecond of the wait than in one of the
 * transaction behind it, the wait was in vain. The next group begins without one then, after another the next two, and so on.
 */
export function createGathering({ clock, waiting, most }: GatheringOptions): Gathering {
  let whenCame: (() => void) | undefined;
  let toSkip = 0;
  let skipNext = 1;
  /** Those who came in a millisecond of the wait for the group that was gathered last. */
  let rate: number | undefined;

  const whileTheyCome = async (until: number): Promise<void> => {
    let before: number;
    do {
      before = waiting();
      await nextTurn();
    } while (waiting() > before && waiting() < most && clock.monotonic() < until);
  };
  const untilThere = (expected: number, until: number): Promise<void> =>
    new Promise((resolve) => {
      let before = waiting();
      const end = (): void => {
        clearInterval(timer);
        whenCame = undefined;
        resolve();
      };
      const look = (): void => {
        if (waiting() === before || clock.monotonic() >= until) end();
        before = waiting();
      };
      // Timers run before what has come meanwhile is read.
      const timer = setInterval(() => setImmediate(look), QUIET);
      whenCame = () => {
        if (waiting() >= expected) end();
      };
    });
  const judge = (isInVain: boolean): void => {
    toSkip = isInVain ? skipNext : 0;
    skipNext = isInVain ? Math.min(2 * skipNext, MOST_SKIPPED) : Math.max(1, skipNext / 2);
  };

  return {
    async gather(expected) {
      const begun = clock.monotonic();
      rate = undefined;
      await whileTheyCome(begun + LONGEST);
      const atFirst = waiting();
      if (atFirst >= Math.min(expected, most)) return;
      if (toSkip > 0) {
        toSkip -= 1;
        return;
      }
      await untilThere(Math.min(expected, most), begun + LONGEST);
      const came = waiting() - atFirst;
      if (came === 0) judge(true);
      else rate = came / (clock.monotonic() - begun);
    },
    came() {
      whenCame?.();
    },
    ended(unasked, milliseconds) {
      if (rate === undefined) return;
      judge(MORE_OFTEN * unasked > rate * milliseconds);
      rate = undefined;
    },
  };
}
