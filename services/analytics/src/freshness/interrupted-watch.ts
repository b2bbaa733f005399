import type { Logger } from '@sophia/observability';
import { type Repeating, repeatEvery } from '@sophia/shared';
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
}): Promise<Repeating> => {
  const { read, tell, logger } = options;
  const look = async (): Promise<void> => tell(await read());

  await look();
  return repeatEvery(EVERY_MS, look, (error) => logger.warn({ err: error }, 'interrupted imports could not be read'));
};
