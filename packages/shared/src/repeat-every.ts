export interface Repeating {
  /** Ends it, and resolves when what is in hand is done. */
  close(): Promise<void>;
}

/**
 * Does the work every so many milliseconds, never twice at once; it keeps no process alive. What fails is told, and done
 * again at its time.
 */
export function repeatEvery(milliseconds: number, work: () => Promise<void>, failed: (error: unknown) => void): Repeating {
  let working: Promise<void> | undefined;
  const timer = setInterval(() => {
    working ??= work()
      .catch(failed)
      .finally(() => {
        working = undefined;
      });
  }, milliseconds);
  timer.unref();
  return {
    async close() {
      clearInterval(timer);
      await working;
    },
  };
}
