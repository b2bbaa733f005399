import { isUniqueViolation } from '@sophia/database';
import type { Logger } from '@sophia/observability';
import type { Clock } from '@sophia/shared';
import type { Haste } from './haste.ts';
import type { KeptSession } from './kept-session.ts';
import { pause } from './pause.ts';
import { type Tick, type TickRow, tickOf } from './tick.ts';
import type { TickBook } from './tick-book.ts';
import { createTickFailures } from './tick-failures.ts';

export interface TickerOptions {
  /** Unique among the processes; what it notifies others of ends with it. */
  readonly name: string;
  readonly session: KeptSession;
  readonly book: TickBook;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly haste: Haste;
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
const AFTER_FAILURE_MS = 100;
/** Rests so many times as long as a tick took, so that ticks have a ninth of a busy core; at most so many milliseconds, so that slow ones have more. */
const REST = 8;
const LONGEST_REST_MS = 50;

export function startTicker(options: TickerOptions): Ticker {
  const { name, session, book, clock, logger, haste, intervalMs, idleMs } = options;
  const closing = new AbortController();
  const seen = watchTicks(book, clock);
  const wakeUps = createWakeUps();
  const failures = createTickFailures(logger);
  let elected = false;
  let lastElection = Number.NEGATIVE_INFINITY;
  /** Milliseconds that the last tick took. */
  let cost = 0;

  /** The elected one has been silent for too long. */
  const standsIn = () => seen.sinceOthers() > 1.5 * idleMs;

  const elect = async () => {
    lastElection = clock.monotonic();
    const [row] = await session.query<{ elected: boolean }>(ELECT);
    elected = row?.elected === true;
    failures.end();
  };

  const makeTick = async () => {
    wakeUps.clear();
    const begun = clock.monotonic();
    try {
      const rows = await session.query<TickRow>(MAKE_TICK, [name], { deadline: 5_000 });
      for (const tick of rows.map(tickOf)) {
        seen.made(tick);
        await book.add(tick);
      }
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      // Another process made this tick.
      await book.refresh();
    }
    cost = clock.monotonic() - begun;
    failures.end();
  };

  /** Milliseconds until the next tick may be made. */
  const untilNext = (): number => {
    const gap = haste.isUrgent ? intervalMs : Math.max(intervalMs, Math.min(LONGEST_REST_MS, REST * cost));
    return gap - seen.sinceLast();
  };

  const tickInTime = async () => {
    await wakeUps.wait(Math.max(0, idleMs - seen.sinceLast()));
    for (let early = untilNext(); early > 0 && !closing.signal.aborted; early = untilNext()) await haste.rest(early, closing.signal);
    if (!closing.signal.aborted) await makeTick();
  };

  const handOn = async () => {
    await wakeUps.wait(Math.min(ELECTION_MS, idleMs));
    if (!wakeUps.clear()) return;
    await session.query(SAY_WRITTEN);
    await pause(intervalMs, closing.signal);
  };

  const run = async () => {
    while (!closing.signal.aborted) {
      try {
        if (!elected && clock.monotonic() - lastElection >= ELECTION_MS) await elect();
        await (elected || standsIn() ? tickInTime() : handOn());
      } catch (error) {
        failures.add(error);
        await pause(AFTER_FAILURE_MS, closing.signal);
      }
    }
  };
  const running = run();

  return {
    get isElected() {
      return elected;
    },
    wake: wakeUps.wake,
    heard() {
      if (elected || standsIn()) wakeUps.wake();
    },
    deposed() {
      elected = false;
      lastElection = Number.NEGATIVE_INFINITY;
    },
    async close() {
      closing.abort(new Error('The ticker is closing.'));
      wakeUps.wake();
      await running;
    },
  };
}

/** Milliseconds since the newest tick, and since the newest one that another process made. */
function watchTicks(book: TickBook, clock: Clock) {
  let head = book.head.tick;
  let own = -1;
  let last = clock.monotonic();
  let lastOfOthers = last;
  const look = () => {
    const now = clock.monotonic();
    if (book.head.tick !== head) last = now;
    if (book.head.tick !== head && book.head.tick !== own) lastOfOthers = now;
    head = book.head.tick;
    return now;
  };
  return {
    made(tick: Tick) {
      own = tick.tick;
    },
    sinceLast: () => look() - last,
    sinceOthers: () => look() - lastOfOthers,
  };
}

/** Wake-ups that come while nobody waits are kept, as one. */
function createWakeUps() {
  let isAwake = false;
  let resume: (() => void) | undefined;
  return {
    wake() {
      isAwake = true;
      resume?.();
    },
    /** Whether there was one. */
    clear(): boolean {
      const was = isAwake;
      isAwake = false;
      return was;
    },
    wait: (milliseconds: number) =>
      new Promise<void>((resolve) => {
        if (isAwake) return resolve();
        const timer = setTimeout(resolve, milliseconds);
        resume = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
  };
}

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
      pg_notify('${TICK_CHANNEL}', concat_ws(' ', made.tick, $1::text))
    from make_tick() as made`,
};
