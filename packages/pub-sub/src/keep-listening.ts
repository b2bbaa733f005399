import { type Database, keepSession, type Session } from '@sophia/database';
import type { Logger } from '@sophia/observability';
import { SophiaError } from '@sophia/shared';

export interface Listening {
  /** The session in use; throws `unavailable` while there is none. */
  session(): Session;
  close(): Promise<void>;
}

/** Listens to a channel until it is closed: a session that is lost is opened again. The first one must succeed. */
export async function keepListening(
  database: Database,
  channel: string,
  logger: Pick<Logger, 'warn'>,
  receive: (payload: string) => void,
): Promise<Listening> {
  const keeper = await keepSession({
    database,
    prepare: (session) => session.listen(channel, receive),
    onFailure: (error) => logger.warn({ err: error, channel }, 'the bus is cut; it is tried again'),
  });
  return {
    session() {
      if (keeper.current === undefined) throw new SophiaError('unavailable', 'The bus is cut.', { retryAfter: 1 });
      return keeper.current;
    },
    close: keeper.close,
  };
}
