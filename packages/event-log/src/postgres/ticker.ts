import type { Logger } from '@sophia/observability';
import { type Clock, isSophiaError, systemSleep } from '@sophia/shared';
import type { KeptSession } from './kept-session.ts';
import { type TickRow, tickOf } from './tick.ts';
import type { TickBook } from './tick-book.ts';

export interface TickerOptions {
  readonly session: KeptSession;
  readonly book: TickBook;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Milliseconds between ticks at least. */
  readonly intervalMs: number;
  /** Milliseconds between ticks at most. */
  readonly idleMs: number;
}

/**
 * Makes the ticks where this process is the elected one; else hands wake-ups on to who is.
 *
 * The election is a lock that lives as long as a session, so that a ticker that is killed is followed
 * at the next attempt. One that stands still keeps its lock: then any process whose newest tick is too
 * old makes ticks too, which is harmless (`make_tick`).
 */
export interface Ticker {
  readonly isElected: boolean;
  /** Something was written by this process. */
  wake(): void;
  /** A process that is not the ticker says that something was written. */
  heard(): void;
  /** The session with the lock is gone. */
  deposed(): void;
  close(): Promise<void>;
}

/** How often a process that is not elected tries again, in milliseconds. */
const ELECTION_MS = 250;

export function startTicker(options: TickerOptions): Ticker {
  const { session, book, clock, logger, intervalMs, idleMs } = options;
  const closing = new AbortController();
  let elected = false;
  let written = false;
  let woken: (() => void) | undefined;
  let lastTick = clock.monotonic();
  let headSeen = book.head.tick;
  let lastElection = Number.NEGATIVE_INFINITY;

  const wakeUp = () => {
    written = true;
    woken?.();
  };
  const waitForWakeUp = (milliseconds: number) =>
    new Promise<void>((resolve) => {
      if (written) return resolve();
      const timer = setTimeout(resolve, milliseconds);
      woken = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  /** Milliseconds since a tick was made, here or elsewhere. */
  const silence = () => {
    const now = clock.monotonic();
    if (book.head.tick !== headSeen) {
      headSeen = book.head.tick;
      lastTick = now;
    }
    return now - lastTick;
  };

  const elect = async () => {
    lastElection = clock.monotonic();
    const [row] = await session.query<{ elected: boolean }>(ELECT);
    elected = row?.elected === true;
  };

  const makeTick = async () => {
    written = false;
    try {
      const [row] = await session.query<TickRow>(MAKE_TICK, [], { deadline: 5_000 });
      if (row !== undefined) await book.add(tickOf(row));
    } catch (error) {
      if (!isSophiaError(error) || error.details.sql_state !== UNIQUE_VIOLATION) throw error;
      // Another process made this tick.
      await book.refresh();
    }
  };

  const asElected = async () => {
    await waitForWakeUp(Math.max(0, idleMs - silence()));
    const early = intervalMs - silence();
    if (early > 0) await systemSleep(early, closing.signal);
    await makeTick();
  };

  const asOther = async () => {
    if (clock.monotonic() - lastElection >= ELECTION_MS) await elect();
    if (elected) return;
    await waitForWakeUp(Math.min(ELECTION_MS, idleMs));
    if (silence() > 1.5 * idleMs) return makeTick();
    if (written) {
      written = false;
      await session.query(SAY_WRITTEN);
      await systemSleep(intervalMs, closing.signal);
    }
  };

  const run = async () => {
    while (!closing.signal.aborted) {
      try {
        await (elected ? asElected() : asOther());
      } catch (error) {
        if (closing.signal.aborted) return;
        logger.warn({ err: error }, 'no tick could be made');
        await book.refresh().catch((cause: unknown) => logger.warn({ err: cause }, 'ticks could not be read'));
        await systemSleep(Math.max(intervalMs, 100), closing.signal).catch(() => undefined);
      }
    }
  };
  const running = run();

  return {
    get isElected() {
      return elected;
    },
    wake: wakeUp,
    heard() {
      if (elected || silence() > 1.5 * idleMs) wakeUp();
    },
    deposed() {
      elected = false;
      lastElection = Number.NEGATIVE_INFINITY;
    },
    async close() {
      closing.abort(new Error('The ticker is closing.'));
      woken?.();
      await running;
    },
  };
}

const UNIQUE_VIOLATION = '23505';
/** Also what a restore holds, so that nobody makes ticks meanwhile. */
export const TICKER_LOCK = 7_364_217_003;
export const WRITTEN_CHANNEL = 'sophia_written';
export const TICK_CHANNEL = 'sophia_tick';

const ELECT = { name: 'event_log_elect', text: `select pg_try_advisory_lock(${TICKER_LOCK}) as elected` };
const SAY_WRITTEN = { name: 'event_log_say_written', text: `select pg_notify('${WRITTEN_CHANNEL}', '')` };
// NOTIFY holds up only commits that notify too, and this is the one that does so often.
const MAKE_TICK = {
  name: 'event_log_make_tick',
  text: `select made.tick, made.snapshot, made.complete_to, made.at, made.floor, made.ceiling,
      pg_notify('${TICK_CHANNEL}', made.tick::text)
    from make_tick() as made`,
};
