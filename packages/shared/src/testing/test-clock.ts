import type { Clock } from '../clock.ts';

/** A clock that stands until it is moved. */
export interface TestClock extends Clock {
  /** Both the wall clock and the monotonic one. */
  advance(milliseconds: number): void;
  /** The wall clock alone, as when somebody sets it. */
  jump(milliseconds: number): void;
}

export function createTestClock(start = 0): TestClock {
  let elapsed = 0;
  let jumped = 0;
  return {
    now: () => start + elapsed + jumped,
    monotonic: () => elapsed,
    advance: (milliseconds) => {
      elapsed += milliseconds;
    },
    jump: (milliseconds) => {
      jumped += milliseconds;
    },
  };
}
