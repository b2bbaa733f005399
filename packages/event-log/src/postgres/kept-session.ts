import type { CallOptions, Database, Session, Statement } from '@sophia/database';
import type { Logger } from '@sophia/observability';
import { createBackoff, SophiaError, systemSleep } from '@sophia/shared';

/** A connection of its own that is opened again whenever it is lost. */
export interface KeptSession {
  readonly isOpen: boolean;
  /** Throws `unavailable` while the connection is lost. */
  query<Row extends object>(statement: Statement, values?: readonly unknown[], options?: CallOptions): Promise<Row[]>;
  close(): Promise<void>;
}

export interface KeptSessionOptions {
  readonly database: Database;
  readonly logger: Logger;
  /** What is listened to, by channel. */
  readonly channels: Readonly<Record<string, (payload: string) => void>>;
  /** Called with each connection, the first one too, before it counts as open: takes its locks. */
  readonly onOpen: (session: Session) => Promise<void>;
  readonly onLost: () => void;
}

/** Resolves when the first connection is open. */
export async function openKeptSession(options: KeptSessionOptions): Promise<KeptSession> {
  const { database, logger, channels, onOpen, onLost } = options;
  const closing = new AbortController();
  const backoff = createBackoff({ initialDelay: 50, maximumDelay: 1_000 });

  const open = async (): Promise<Session> => {
    const session = await database.openSession({ signal: closing.signal });
    try {
      for (const [channel, receive] of Object.entries(channels)) await session.listen(channel, receive);
      await onOpen(session);
      closing.signal.throwIfAborted();
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  };

  const reopen = async (): Promise<Session> => {
    for (let attempt = 1; ; attempt++) {
      closing.signal.throwIfAborted();
      try {
        return await open();
      } catch (error) {
        logger.warn({ err: error, attempt }, 'the event log has no session with its database');
        await systemSleep(backoff(attempt), closing.signal);
      }
    }
  };

  let current: Session | undefined = await open();

  const keep = async (first: Session) => {
    for (let session = first; ; session = await reopen()) {
      current = session;
      await session.closed;
      current = undefined;
      onLost();
    }
  };
  // It ends when a session is not opened again: at the abort.
  const kept = keep(current).catch(() => undefined);

  return {
    get isOpen() {
      return current !== undefined;
    },
    async query(statement, values, callOptions) {
      if (current === undefined) throw new SophiaError('unavailable', 'The event log has no session with its database.', { retryAfter: 1 });
      return current.query(statement, values, callOptions);
    },
    async close() {
      closing.abort(new Error('The event log is closing.'));
      await current?.close();
      await kept;
    },
  };
}
