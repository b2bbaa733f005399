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

  let session: Session | undefined;
  const open = async (): Promise<void> => {
    const opened = await database.openSession({ signal: closing.signal });
    try {
      await opened.listen(channel, receive);
      closing.signal.throwIfAborted();
      session = opened;
    } catch (error) {
      await opened.close();
      throw error;
    }
  };
  const reopen = async (): Promise<void> => {
    for (let attempt = 1; !closing.signal.aborted; attempt++) {
      try {
        return await open();
      } catch (error) {
        if (closing.signal.aborted) return;
        logger.warn({ err: error, channel }, 'the bus is cut; it is tried again');
        await systemSleep(nextDelay(attempt), closing.signal).catch(ended);
      }
    }
  };

  await open();
  const keep = async () => {
    for (let current = session; current !== undefined; current = session) {
      await current.closed;
      session = undefined;
      await reopen();
    }
  };
  const kept = keep();

  return {
    session() {
      if (session === undefined) throw new SophiaError('unavailable', 'The bus is cut.', { retryAfter: 1 });
      return session;
    },
    async close() {
      closing.abort(new SophiaError('unavailable', 'The bus is closing.'));
      await session?.close();
      await kept;
    },
  };
}

function ended(): void {
  // The loop looks at the signal.
}
