import type { Database, Session } from '@sophia/database';
import type { Logger } from '@sophia/observability';
import { createBackoff, SophiaError, systemSleep } from '@sophia/shared';

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
  const closing = new AbortController();
  const nextDelay = createBackoff({ initialDelay: 50, maximumDelay: 1_000 });

  const open = async (): Promise<Session> => {
    const session = await database.openSession();
    await session.listen(channel, receive);
    return session;
  };
  const reopen = async (): Promise<Session | undefined> => {
    for (let attempt = 1; !closing.signal.aborted; attempt++) {
      try {
        return await open();
      } catch (error) {
        logger.warn({ err: error, channel }, 'the bus is cut; it is tried again');
        await systemSleep(nextDelay(attempt), closing.signal).catch(ended);
      }
    }
    return undefined;
  };

  let session: Session | undefined = await open();
  const keep = async () => {
    while (session !== undefined) {
      await session.closed;
      session = undefined;
      session = await reopen();
    }
  };
  const kept = keep();

  return {
    session() {
      if (session === undefined) throw new SophiaError('unavailable', 'The bus is cut.', { retryAfter: 1 });
      return session;
    },
    async close() {
      closing.abort();
      await session?.close();
      await kept;
    },
  };
}

function ended(): void {
  // The loop looks at the signal.
}
