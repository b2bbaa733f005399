import type { Platform } from '@sophia/platform';
import { isSophiaError } from '@sophia/shared';

/** Milliseconds that the warehouse may stand still before nobody waits for it any longer. */
const STANDSTILL = 30_000;
/** Milliseconds between two lines for people. */
const TELL_EVERY = 2_000;

/**
 * Waits until the warehouse has what was in the log at the start, so that the first answer is whole, also where it is made anew.
 * One that stands still is not waited for: answers say up to when they are complete, and `/health/ready` that it is late.
 */
export const catchUp = async (
  platform: Pick<Platform, 'caughtUp'>,
  say: (line: string) => void,
  { standstill = STANDSTILL, tellEvery = TELL_EVERY }: { readonly standstill?: number; readonly tellEvery?: number } = {},
): Promise<void> => {
  let first: number | undefined;
  let told = performance.now();
  const onLook = (tick: number, last: number): void => {
    first ??= tick;
    if (performance.now() < told + tellEvery) return;
    told = performance.now();
    say(`applying the log to the warehouse: ${Math.floor((100 * (tick - first)) / (last - first))} %`);
  };
  try {
    await platform.caughtUp({ standstill, onLook });
  } catch (error) {
    if (!isSophiaError(error, 'deadline_exceeded')) throw error;
    say(`${error.message} It is not waited for any longer: answers say up to when they are complete.`);
  }
};
