import { setTimeout as sleep } from 'node:timers/promises';
import { SophiaError } from '@sophia/shared';

export interface UntilAppliedOptions {
  /** The tick that is waited for. */
  readonly last: number;
  /** The tick that is applied. */
  readonly applied: () => Promise<number>;
  /** Milliseconds that it may stand still; five minutes unless told. It takes as long as it takes while it moves. */
  readonly standstill?: number | undefined;
  /** Told of the tick that is applied, at each look. */
  readonly onLook?: ((tick: number, last: number) => void) | undefined;
}

const LOOK_EVERY = 50;
const STANDSTILL = 5 * 60_000;

/** Waits until the projection has applied the tick. Errors: `deadline_exceeded` where it stands still. */
export const untilApplied = async ({ last, applied, standstill = STANDSTILL, onLook }: UntilAppliedOptions): Promise<void> => {
  let reached = -1;
  let latest = 0;
  for (;;) {
    const tick = await applied();
    if (tick >= last) return;
    onLook?.(tick, last);
    if (tick > reached) latest = performance.now() + standstill;
    reached = tick;
    if (performance.now() >= latest) {
      throw new SophiaError('deadline_exceeded', `The warehouse has stood at tick ${tick} of ${last} for ${standstill / 1_000} s.`);
    }
    await sleep(LOOK_EVERY);
  }
};
