import { setTimeout as delay } from 'node:timers/promises';

/** Waits until the condition holds; fails with what it is after so many milliseconds. */
export async function waitUntil(what: string, holds: () => boolean | Promise<boolean>, milliseconds = 20_000): Promise<void> {
  const until = performance.now() + milliseconds;
  while (!(await holds())) {
    if (performance.now() > until) throw new Error(`Not within ${milliseconds} ms: ${what}`);
    await delay(10);
  }
}
