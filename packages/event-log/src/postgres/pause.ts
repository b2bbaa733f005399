import { systemSleep } from '@sophia/shared';

/** Waits so many milliseconds, or until the signal is aborted. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await systemSleep(milliseconds, signal);
  } catch {
    // An abort is the only way for it to fail, and what is waited for here.
  }
}
