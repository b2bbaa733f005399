/** What `waitForItem` gives when nothing came in time. */
export const PAUSED = Symbol('paused');

/** Waits for the next item of a stream, at most so many milliseconds where they are given. Rejects with the signal's reason at its abort. */
export function waitForItem<Item>(
  next: Promise<Item>,
  milliseconds: number | undefined,
  signal: AbortSignal,
): Promise<Item | typeof PAUSED> {
  return new Promise((resolve, reject) => {
    const onAbort = () => settle(() => reject(signal.reason));
    const timer = milliseconds === undefined ? undefined : setTimeout(() => settle(() => resolve(PAUSED)), Math.max(0, milliseconds));
    const settle = (finish: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      finish();
    };
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    next.then(
      (item) => settle(() => resolve(item)),
      (error: unknown) => settle(() => reject(error)),
    );
  });
}
