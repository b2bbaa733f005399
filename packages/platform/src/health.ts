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
  /** Of the event log: how far what it states lies beyond this machine's clock, where that is more than two seconds. */
  readonly ahead_seconds?: number | undefined;
}

export interface HealthOptions {
  readonly version: string;
  readonly app: Pick<Database, 'ping'>;
  readonly eventLog: { head(): Promise<{ readonly completeTo: string }> };
  readonly analytics: { readPoint(): { readonly tick: number; readonly completeTo: string } };
  readonly isClosing: () => boolean;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** Milliseconds for each dependency to answer: whoever asks whether we are ready waits no longer, whatever hangs. */
const DEADLINE = 2_000;
/** Answers further behind than this are no longer what the platform promises. */
const MOST_LAG_SECONDS = 30;
/** Clocks of two machines differ by less. */
const MOST_AHEAD_SECONDS = 2;
/** Milliseconds for which what was found holds: whoever asks often costs the dependencies no more. */
const KEEP = 250;

/** Looks at each dependency, once at a time and at most every 250 ms, whoever asks: the report is open to everyone. */
export const createHealth = ({ version, app, eventLog, analytics, isClosing, logger, clock }: HealthOptions) => {
  const down = new Map<string, string>();
  let looking: Promise<readonly DependencyHealth[]> | undefined;
  let until = Number.NEGATIVE_INFINITY;

  const begun = clock.now();
  let known: string | undefined;
  let isAhead = false;

  /** Of a log that is new, nothing is applied yet: it can be late since the start at most. */
  const appliedTo = (): number => {
    const { tick, completeTo } = analytics.readPoint();
    return tick === 0 ? begun : Date.parse(completeTo);
  };

  /** How far the log is, or by the last time that it answered where it does not. */
  const completeTo = async (reading: Promise<string>): Promise<string | undefined> => {
    known = await reading.catch(() => known);
    return known;
  };
  /** The log never goes back: after a clock was ahead it states a moment to come until that is there. */
  const aheadOf = (reached: number, now: number): Pick<DependencyHealth, 'ahead_seconds'> => {
    const seconds = Math.round(reached - now) / 1000;
    const wasAhead = isAhead;
    isAhead = seconds > MOST_AHEAD_SECONDS;
    // Said once, not as often as somebody asks.
    if (isAhead && !wasAhead) logger.warn({ ahead_seconds: seconds }, 'the event log is ahead of the clock of this machine');
    return isAhead ? { ahead_seconds: seconds } : {};
  };
  const check = async (name: string, look: () => Promise<Pick<DependencyHealth, 'ahead_seconds'>>): Promise<DependencyHealth> => {
    const begun = clock.monotonic();
    try {
      const found = await look();
      if (down.delete(name)) logger.info({ dependency: name }, 'a dependency is up again');
      return { name, state: 'up', milliseconds: Math.round((clock.monotonic() - begun) * 100) / 100, ...found };
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
      check('database', async () => {
        await withDeadline(DEADLINE, () => app.ping({ deadline: DEADLINE }), { what: 'the database' });
        return {};
      }),
      check('event log', async () => {
        const reached = Date.parse(await reading);
        const now = clock.now();
        requireLag(reached, now, 'since the last tick');
        return aheadOf(reached, now);
      }),
      check('warehouse', async () => {
        const head = await completeTo(reading);
        if (head !== undefined) requireLag(appliedTo(), Date.parse(head), 'behind the log');
        return {};
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
