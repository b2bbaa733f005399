/** A clock that stands until it is moved. */
export interface TestClock {
  now(): number;
  monotonic(): number;
  advance(milliseconds: number): void;
}

export function createTestClock(start: number): TestClock {
  let elapsed = 0;
  return {
    now: () => start + elapsed,
    monotonic: () => elapsed,
    advance: (milliseconds) => {
      elapsed += milliseconds;
    },
  };
}
