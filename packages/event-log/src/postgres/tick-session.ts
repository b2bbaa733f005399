import { randomUUID } from 'node:crypto';
import type { Session } from '@sophia/database';
import type { SophiaError } from '@sophia/shared';
import { type KeptSession, type KeptSessionOptions, openKeptSession } from './kept-session.ts';
import { createSameLog, watchSameLog } from './same-log.ts';
import { startTicker, TICK_CHANNEL, type Ticker, type TickerOptions, WRITTEN_CHANNEL } from './ticker.ts';

export interface TickSessionOptions extends Omit<TickerOptions, 'name' | 'session'>, Pick<KeptSessionOptions, 'database'> {
  readonly epoch: string;
  /** Called with each connection before it counts as open: takes the locks of others than the ticker. */
  readonly onOpen: (session: Session) => Promise<void>;
  /** Told, perhaps more than once, when the database is no longer the one that was read. */
  readonly onWentBack: (error: SophiaError) => void;
  /** Milliseconds between two looks whether it is. */
  readonly lookMs: number;
}

/** The session over which this process makes ticks, hears of those of others, and sees that the log is still the same. */
export interface TickSession {
  readonly session: KeptSession;
  readonly ticker: Ticker;
  close(): Promise<void>;
}

export async function openTickSession(options: TickSessionOptions): Promise<TickSession> {
  const { database, epoch, book, logger, onOpen, onWentBack, lookMs } = options;
  const name = randomUUID();
  const lookForSameLog = createSameLog({ epoch, book, onWentBack });
  // Set when the session is open, and called by it from then on.
  let listening: Ticker | undefined;
  const session = await openKeptSession({
    database,
    logger,
    channels: {
      [TICK_CHANNEL]: (payload) => {
        // Its own ticks a process knows of.
        if (!payload.endsWith(name)) book.refresh().catch((error: unknown) => logger.warn({ err: error }, 'ticks could not be read'));
      },
      [WRITTEN_CHANNEL]: () => listening?.heard(),
    },
    async onOpen(opened) {
      // Before it makes a tick.
      await lookForSameLog((statement, values) => opened.query(statement, values));
      await onOpen(opened);
    },
    onLost: () => listening?.deposed(),
  });
  const ticker = startTicker({ ...options, name, session });
  listening = ticker;
  const watch = watchSameLog({ look: lookForSameLog, session, logger, intervalMs: lookMs });
  return {
    session,
    ticker,
    async close() {
      await watch.close();
      await ticker.close();
      await session.close();
    },
  };
}
