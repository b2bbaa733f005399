import type { Database } from '@sophia/database';
import type { Logger } from '@sophia/observability';
import { type Clock, withDeadline } from '@sophia/shared';

export interface HealthReport {
  readonly status: 'ready' | 'degraded' | 'stopping';
  readonly version: string;
  readonly dependencies: readonly DependencyHealth[];
}

export interface DependencyHealth {
  readonly name: string;
  readonly state: 'up' | 'down';
  readonly milliseconds?: number | undefined;
  /** Of one that is down: it does not answer, or is further behind than is promised. The log of the process tells more. */
  readonly code?: 'unavailable' | 'late' | undefined;
}

export interface HealthOptions {
  readonly version: string;
  readonly app: Pick<Database, 'ping'>;
  readonly eventLog: { head(): Promise<{ readonly completeTo: string }> };
  readonly analytics: { readPoint(): { readonly completeTo: string } };
  readonly isClosing: () => boolean;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** Milliseconds for each dependency to answer: whoever asks whether we are ready waits no longer, whatever hangs. */
const DEADLINE = 2_000;
/** Answers further behind than this are no longer what the platform promises. */
const MOST_LAG_SECONDS = 30;
/** Milliseconds for which what was found holds: whoever asks often costs the dependencies no more. */
const KEEP = 250;

/** Looks at each dependency, once at a time and at most every 250 ms, whoever asks: the report is open to everyone. */
export const createHealth = ({ version, app, eventLog, analytics, isClosing, logger, clock }: HealthOptions) => {
  const down = new Map<string, string>();
  let looking: Promise<readonly DependencyHealth[]> | undefined;
  let until = Number.NEGATIVE_INFINITY;

  let known: string | undefined;

  /** How far the log is, or by the last time that it answered where it does not. */
  const completeTo = async (reading: Promise<string>): Promise<string | undefined> => {
    known = await reading.catch(() => known);
    return known;
  };
  const check = async (name: string, look: () => Promise<void>): Promise<DependencyHealth> => {
    const begun = clock.monotonic();
    try {
      await look();
      if (down.delete(name)) logger.info({ dependency: name }, 'a dependency is up again');
      return { name, state: 'up', milliseconds: Math.round((clock.monotonic() - begun) * 100) / 100 };
    } catch (error) {
      const code = error instanceof Late ? 'late' : 'unavailable';
      // Said once, not as often as somebody asks.
      if (down.get(name) !== code) logger.error({ err: error, dependency: name }, 'a dependency is down');
      down.set(name, code);
      return { name, state: 'down', code };
    }
  };
  const look = (): Promise<readonly DependencyHealth[]> => {
    const reading = withDeadline(DEADLINE, async () => (await eventLog.head()).completeTo, { what: 'the event log' });
    return Promise.all([
      check('database', () => withDeadline(DEADLINE, async () => void (await app.ping({ deadline: DEADLINE })), { what: 'the database' })),
      check('event log', async () => requireLag(Date.parse(await reading), clock.now(), 'since the last tick')),
      check('warehouse', async () => {
        const head = await completeTo(reading);
        if (head !== undefined) requireLag(Date.parse(analytics.readPoint().completeTo), Date.parse(head), 'behind the log');
      }),
    ]);
  };
  const current = (): Promise<readonly DependencyHealth[]> => {
    if (looking === undefined || clock.monotonic() >= until) {
      until = Number.POSITIVE_INFINITY;
      looking = look().finally(() => {
        until = clock.monotonic() + KEEP;
      });
    }
    return looking;
  };

  return async (): Promise<HealthReport> => {
    const dependencies = await current();
    const isUp = dependencies.every(({ state }) => state === 'up');
    return { status: isClosing() ? 'stopping' : isUp ? 'ready' : 'degraded', version, dependencies };
  };
};

class Late extends Error {}

/** Of two instants in milliseconds. */
const requireLag = (reached: number, now: number, what: string): void => {
  const seconds = (now - reached) / 1000;
  if (seconds > MOST_LAG_SECONDS) throw new Late(`${Math.round(seconds)} s ${what}`);
};
