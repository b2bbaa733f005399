import { createBackoff, systemSleep } from '@sophia/shared';
import type { Database, Session } from './database.ts';

/** A session that is opened again whenever it is lost, until it is closed. */
export interface SessionKeeper {
  /** The one in use; undefined while there is none. */
  readonly current: Session | undefined;
  close(): Promise<void>;
}

export interface KeepSessionOptions {
  readonly database: Pick<Database, 'openSession'>;
  /** Called with each session, the first one too, before it is in use: takes its locks, and listens. */
  readonly prepare: (session: Session) => Promise<void>;
  readonly onLost?: (() => void) | undefined;
  /** Told of each attempt to open it again that failed. */
  readonly onFailure: (error: unknown, attempt: number) => void;
}

/** Resolves when the first session is in use; throws what kept it from that. */
export async function keepSession({ database, prepare, onLost, onFailure }: KeepSessionOptions): Promise<SessionKeeper> {
  const closing = new AbortController();
  const nextDelay = createBackoff({ initialDelay: 50, maximumDelay: 1_000 });
  let current: Session | undefined;

  const open = async (): Promise<void> => {
    const session = await database.openSession({ signal: closing.signal });
    try {
      await prepare(session);
      closing.signal.throwIfAborted();
      // Without a moment in between, in which whoever closes would not find it.
      current = session;
    } catch (error) {
      await session.close();
      throw error;
    }
  };
  const reopen = async (): Promise<void> => {
    for (let attempt = 1; !closing.signal.aborted; attempt++) {
      try {
        return await open();
      } catch (error) {
        if (closing.signal.aborted) return;
        onFailure(error, attempt);
        await systemSleep(nextDelay(attempt), closing.signal).catch(ended);
      }
    }
  };

  await open();
  const keep = async (): Promise<void> => {
    for (let session = current; session !== undefined; session = current) {
      await session.closed;
      current = undefined;
      onLost?.();
      await reopen();
    }
  };
  const kept = keep();

  return {
    get current() {
      return current;
    },
    async close() {
      closing.abort(new Error('The session is closing.'));
      await current?.close();
      await kept;
    },
  };
}

function ended(): void {
  // The loop looks at the signal.
}
