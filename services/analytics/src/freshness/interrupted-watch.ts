import type { Logger } from '@sophia/observability';
import type { InterruptedSource } from './source-activity.ts';

/** So soon it is seen that an import was interrupted, or is resumed. */
const EVERY_MS = 2_000;

/**
 * Keeps in view of which sources an import was interrupted; known when this resolves. No event tells it, since a
 * process that is killed says nothing any more: so every instance looks at the imports themselves.
 */
export const watchInterrupted = async (options: {
  readonly read: () => Promise<readonly InterruptedSource[]>;
  readonly tell: (sources: readonly InterruptedSource[]) => void;
  readonly logger: Pick<Logger, 'warn'>;
}): Promise<{ close(): Promise<void> }> => {
  const { read, tell, logger } = options;
  const look = async (): Promise<void> => tell(await read());

  await look();
  let looking: Promise<void> | undefined;
  const timer = setInterval(() => {
    looking ??= look()
      .catch((error: unknown) => logger.warn({ err: error }, 'interrupted imports could not be read'))
      .finally(() => {
        looking = undefined;
      });
  }, EVERY_MS);
  timer.unref();

  return {
    async close() {
      clearInterval(timer);
      await looking;
    },
  };
};
