import { SophiaError } from '@sophia/shared';
import type { WorkspaceId } from '@sophia/types';
import type { CallLimits } from './call-limits.ts';
import type { ConnectionPool, Connections } from './connection-pool.ts';
import type { DatabaseObserver } from './database-observer.ts';
import { aloneStep } from './keyed-reads.ts';
import type { BatchStep } from './pipelined-batch.ts';
import { failureKind, toSophiaError } from './postgres-errors.ts';
import { QuickSelects } from './quick-selects.ts';
import type { Attempt } from './retrying.ts';
import { setWorkspaces } from './system-statements.ts';

/** A server that answers reads: the primary or a replica. */
export interface ReadServer {
  readonly pool: Connections;
  readonly quick: QuickSelects;
}

export const createReadServer = (pool: Connections, observer: DatabaseObserver): ReadServer => ({
  pool,
  quick: new QuickSelects(pool, observer),
});

/**
 * A pool's connections to one run of its server alone. A replica that crashed comes back where it was some time before, so
 * that what is known of how far it had come holds no longer: whoever knows it is told by `onAnother`.
 */
export const connectionsOfRun = (pool: ConnectionPool, incarnation: string, onAnother: () => void): Connections => ({
  async acquire(milliseconds, signal) {
    const connection = await pool.acquire(milliseconds, signal);
    if (connection.incarnation === incarnation) return connection;
    // Which of the two is of the run that is over is not known.
    connection.drop();
    pool.release(connection);
    onAnother();
    throw new SophiaError('unavailable', 'The server began anew, and how far it has come is not known yet.', { retryAfter: 1 });
  },
  release: (connection) => pool.release(connection),
});

/** One run of a single read: its workspaces and itself are one transaction and one round trip. */
export async function trySelect(
  { pool }: ReadServer,
  observer: DatabaseObserver,
  limits: CallLimits,
  workspaces: readonly WorkspaceId[],
  step: BatchStep,
): Promise<Attempt<Record<string, unknown>[]>> {
  const connection = await observer.acquire(pool, limits);
  let ended: Error | undefined;
  const release = limits.watch((error) => {
    ended = error;
    connection.abandon();
  });
  const begun = performance.now();
  try {
    const { results, error } = await connection.run([setWorkspaces(workspaces), aloneStep(step)]);
    observer.ran([step.statement.text], performance.now() - begun);
    const result = results[1];
    if (result !== undefined) return { done: result.rows };
    if (ended !== undefined) return { failed: ended, kind: 'other' };
    return { failed: toSophiaError(error, step.statement.name), kind: failureKind(error) };
  } finally {
    release();
    pool.release(connection);
  }
}
