import type { Analytics } from '@sophia/analytics';
import type { Database } from '@sophia/database';
import type { EventLog } from '@sophia/event-log';

export interface HealthReport {
  readonly status: 'ready' | 'degraded' | 'stopping';
  readonly version: string;
  readonly dependencies: readonly DependencyHealth[];
}

export interface DependencyHealth {
  readonly name: string;
  readonly state: 'up' | 'down';
  readonly milliseconds?: number | undefined;
  readonly detail?: string | undefined;
}

/** Milliseconds for each dependency to answer. */
const DEADLINE = 2_000;
/** Answers further behind than this are no longer what the platform promises. */
const MOST_LAG_SECONDS = 30;

export const reportHealth = async (options: {
  readonly version: string;
  readonly app: Database;
  readonly eventLog: EventLog;
  readonly analytics: Analytics;
  readonly isClosing: () => boolean;
}): Promise<HealthReport> => {
  const { version, app, eventLog, analytics, isClosing } = options;
  const dependencies = await Promise.all([
    check('database', async () => void (await app.ping({ deadline: DEADLINE }))),
    check('event log', async () => {
      const { completeTo } = await eventLog.head();
      const seconds = (Date.now() - Date.parse(completeTo)) / 1000;
      if (seconds > MOST_LAG_SECONDS) throw new Error(`no tick for ${Math.round(seconds)} s`);
    }),
    check('warehouse', async () => {
      const { lagSeconds } = await analytics.status();
      if (lagSeconds > MOST_LAG_SECONDS) throw new Error(`${Math.round(lagSeconds)} s behind the log`);
    }),
  ]);
  const isUp = dependencies.every(({ state }) => state === 'up');
  return { status: isClosing() ? 'stopping' : isUp ? 'ready' : 'degraded', version, dependencies };
};

const check = async (name: string, look: () => Promise<void>): Promise<DependencyHealth> => {
  const begun = performance.now();
  try {
    await look();
    return { name, state: 'up', milliseconds: Math.round((performance.now() - begun) * 100) / 100 };
  } catch (error) {
    return { name, state: 'down', detail: error instanceof Error ? error.message : String(error) };
  }
};
