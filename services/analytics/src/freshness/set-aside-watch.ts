import type { EventLog } from '@sophia/event-log';
import type { Logger } from '@sophia/observability';
import { repeatEvery } from '@sophia/shared';
import { setAsideKey } from './freshness-texts.ts';

export interface SetAsideWatch {
  count(): number;
  /** Looks now, at what is there from this call on. */
  look(): Promise<void>;
  close(): Promise<void>;
}

/** What another process discards or replays is seen so soon. */
const EVERY_MS = 1_000;

/** Keeps in view which events stand aside for an instance, by workspace and record type; known when this resolves. */
export const watchSetAside = async (options: {
  readonly eventLog: Pick<EventLog, 'setAsideCounts'>;
  readonly group: string;
  readonly instance?: string | undefined;
  readonly tell: (counts: ReadonlyMap<string, number>) => void;
  readonly logger: Logger;
}): Promise<SetAsideWatch> => {
  const { eventLog, group, instance, tell, logger } = options;
  let count = 0;
  let looking: Promise<void> = Promise.resolve();

  const read = async (): Promise<void> => {
    const found = await eventLog.setAsideCounts(group, instance);
    const total = found.reduce((sum, { events }) => sum + events, 0);
    if (total === 0 && count === 0) return;
    count = total;
    tell(new Map(found.map(({ workspace, recordType, events }) => [setAsideKey(workspace, recordType ?? ''), events])));
  };
  /** One after the other: what was read earlier is never told later. */
  const look = (): Promise<void> => {
    looking = looking.then(read, read);
    return looking;
  };

  await look();
  const repeating = repeatEvery(EVERY_MS, look, (error) => logger.warn({ err: error }, 'what stands aside could not be read'));

  return {
    count: () => count,
    look,
    async close() {
      await repeating.close();
      await looking.catch(() => undefined);
    },
  };
};
