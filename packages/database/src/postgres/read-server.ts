import type { WorkspaceId } from '@sophia/types';
import type { CallLimits } from './call-limits.ts';
import type { ConnectionPool } from './connection-pool.ts';
import type { DatabaseObserver } from './database-observer.ts';
import { aloneStep } from './keyed-reads.ts';
import type { BatchStep } from './pipelined-batch.ts';
import { failureKind, toSophiaError } from './postgres-errors.ts';
import { QuickSelects } from './quick-selects.ts';
import type { Attempt } from './retrying.ts';
import { setWorkspaces } from './system-statements.ts';

/** A server that answers reads: the primary or a replica. */
export interface ReadServer {
  readonly pool: ConnectionPool;
  readonly quick: QuickSelects;
}

export const createReadServer = (pool: ConnectionPool, observer: DatabaseObserver): ReadServer => ({
  pool,
  quick: new QuickSelects(pool, observer),
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
