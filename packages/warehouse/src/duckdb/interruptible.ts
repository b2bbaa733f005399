import type { DuckDBConnection } from '@duckdb/node-api';

/** An interrupt between two statements is lost: it is repeated so often, in milliseconds, until the work ends. */
const REPEAT_MS = 20;

/** Runs statements on the connection; when the signal aborts they are interrupted, and the result is its reason. */
export async function interruptible<T>(connection: DuckDBConnection, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  let repeat: NodeJS.Timeout | undefined;
  const interrupt = () => {
    connection.interrupt();
    repeat = setInterval(() => connection.interrupt(), REPEAT_MS);
  };
  signal.addEventListener('abort', interrupt, { once: true });
  try {
    return await work();
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener('abort', interrupt);
    clearInterval(repeat);
  }
}
