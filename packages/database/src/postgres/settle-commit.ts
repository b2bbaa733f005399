import { setTimeout as delay } from 'node:timers/promises';
import type { Statement } from '../database.ts';
import type { Connections } from './connection-pool.ts';
import type { ServerConnection } from './postgres-connection.ts';
import { sqlStateOf } from './postgres-errors.ts';

export type CommitState =
  | { readonly state: 'committed'; readonly walPosition: string }
  | { readonly state: 'aborted' }
  | { readonly state: 'unknown'; readonly cause?: unknown };

export interface LostCommit {
  readonly pool: Connections;
  readonly transactionId: string;
  /** Of the connection that was lost. */
  readonly incarnation: string;
  /** How long to try. */
  readonly milliseconds: number;
}

/**
 * Finds out whether a transaction whose connection was lost in COMMIT happened (D3).
 *
 * An id that did not reach the disk before a crash is given out again after it, so "committed" is
 * believed only from the same run of the same server. "Not committed" is true in any case: a commit
 * that reached the disk keeps its id.
 */
export async function settleCommit(lost: LostCommit): Promise<CommitState> {
  const until = performance.now() + lost.milliseconds;
  let cause: unknown;
  for (let left = lost.milliseconds; left > 0; left = until - performance.now()) {
    try {
      const answer = await askOnce(lost, left);
      if (answer !== undefined) return answer;
    } catch (error) {
      cause = error;
    }
    await delay(Math.min(POLL, left));
  }
  return { state: 'unknown', cause };
}

async function askOnce({ pool, transactionId, incarnation }: LostCommit, left: number): Promise<CommitState | undefined> {
  const connection = await pool.acquire(left);
  const timer = setTimeout(() => connection.abandon(), left);
  try {
    const isSameRun = connection.incarnation === incarnation;
    const { results, error } = await connection.run([{ statement: STATUS, values: [transactionId] }]);
    const row = results[0]?.rows[0] as { readonly status: string | null; readonly wal_position: string } | undefined;
    if (row === undefined) {
      // An id of the future: the server that gave it out forgot it in a crash.
      if (!isSameRun && sqlStateOf(error) === INVALID_PARAMETER) return { state: 'aborted' };
      throw error;
    }
    if (row.status === 'committed') return isSameRun ? { state: 'committed', walPosition: row.wal_position } : { state: 'unknown' };
    if (row.status === 'aborted' || !isSameRun) return { state: 'aborted' };
    await endIdleWriter(connection, transactionId);
    return undefined;
  } finally {
    clearTimeout(timer);
    pool.release(connection);
  }
}

/** A server process that waits for a COMMIT that never arrived would wait for long. One that is in COMMIT is let alone. */
async function endIdleWriter(connection: ServerConnection, transactionId: string): Promise<void> {
  await connection.run([{ statement: TERMINATE_IDLE, values: [transactionId] }]);
}

const POLL = 20;
const INVALID_PARAMETER = '22023';
const STATUS: Statement = {
  name: 'sophia_commit_status',
  text: 'select pg_xact_status($1::xid8) as status, pg_current_wal_lsn()::text as wal_position',
};
const TERMINATE_IDLE: Statement = {
  name: 'sophia_end_idle_writer',
  text: `select pg_terminate_backend(pid) from pg_stat_activity
    where backend_xid = $1::xid8::xid and usename = current_user and state like 'idle in transaction%'`,
};
