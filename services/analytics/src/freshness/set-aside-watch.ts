import type { EventLog } from '@sophia/event-log';
import type { Logger } from '@sophia/observability';
import { setAsideKey } from './freshness-texts.ts';

export interface SetAsideWatch {
  count(): number;
  close(): Promise<void>;
}

const EVERY_MS = 1_000;
/** More than this are counted as so many: the answers are incomplete all the same. */
const MOST = 10_000;

/** Keeps in view which events stand aside for a group, by workspace and record type. */
export const watchSetAside = (options: {
  readonly eventLog: EventLog;
  readonly group: string;
  readonly tell: (counts: ReadonlyMap<string, number>) => void;
  readonly logger: Logger;
}): SetAsideWatch => {
  const { eventLog, group, tell, logger } = options;
  let count = 0;
  let looking: Promise<void> | undefined;

  const look = async (): Promise<void> => {
    const lag = (await eventLog.lag()).find((each) => each.group === group);
    if ((lag?.setAside ?? 0) === 0 && count === 0) return;
    const events = await eventLog.setAside(group, { limit: MOST });
    const counts = new Map<string, number>();
    for (const { event } of events) {
      const key = setAsideKey(event.workspace, event.record?.record_type ?? '');
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    count = events.length;
    tell(counts);
  };

  const timer = setInterval(() => {
    looking ??= look()
      .catch((error: unknown) => logger.warn({ err: error }, 'what stands aside could not be read'))
      .finally(() => {
        looking = undefined;
      });
  }, EVERY_MS);
  timer.unref();

  return {
    count: () => count,
    async close() {
      clearInterval(timer);
      await looking;
    },
  };
};
