import { type CallOptions, type Database, keepSession, type Session, type Statement } from '@sophia/database';
import type { Logger } from '@sophia/observability';
import { SophiaError } from '@sophia/shared';

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
export async function openKeptSession({ database, logger, channels, onOpen, onLost }: KeptSessionOptions): Promise<KeptSession> {
  const keeper = await keepSession({
    database,
    async prepare(session) {
      for (const [channel, receive] of Object.entries(channels)) await session.listen(channel, receive);
      await onOpen(session);
    },
    onLost,
    onFailure: (error, attempt) => logger.warn({ err: error, attempt }, 'the event log has no session with its database'),
  });
  return {
    get isOpen() {
      return keeper.current !== undefined;
    },
    async query(statement, values, callOptions) {
      const { current } = keeper;
      if (current === undefined) throw new SophiaError('unavailable', 'The event log has no session with its database.', { retryAfter: 1 });
      return current.query(statement, values, callOptions);
    },
    close: keeper.close,
  };
}
