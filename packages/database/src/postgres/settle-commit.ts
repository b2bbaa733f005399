import { setTimeout as delay } from 'node:timers/promises';
import type { Statement } from '../database.ts';
import type { ConnectionPool } from './connection-pool.ts';

export type CommitState =
  | { readonly state: 'committed'; readonly walPosition: string }
  | { readonly state: 'aborted' }
  | { readonly state: 'unknown'; readonly cause?: unknown };

/**
 * Finds out whether a transaction whose connection was lost in COMMIT happened (D3).
 *
 * An id that was never written to disk is given out again after a crash, so "committed" is believed
 * only from the same run of the same server; "not committed" is true in any case, since an id that
 * reached the disk is never given out twice.
 *
 * @param milliseconds how long to try
 */
export async function settleCommit(
  pool: ConnectionPool,
  transactionId: string,
  incarnation: string,
  milliseconds: number,
): Promise<CommitState> {
  const until = performance.now() + milliseconds;
  let cause: unknown;
  for (let left = milliseconds; left > 0; left = until - performance.now()) {
    try {
      const answer = await askOnce(pool, transactionId, incarnation, left);
      if (answer !== undefined) return answer;
    } catch (error) {
      cause = error;
    }
    await delay(Math.min(POLL, Math.max(0, left)));
  }
  return { state: 'unknown', cause };
}

async function askOnce(pool: ConnectionPool, transactionId: string, incarnation: string, left: number): Promise<CommitState | undefined> {
  const connection = await pool.acquire(left);
  const timer = setTimeout(() => connection.abandon(), left);
  try {
    const sameRun = connection.incarnation === incarnation;
    const { results, error } = await connection.run([{ statement: STATUS, values: [transactionId] }]);
    // An id of the future was never written: the server that gave it out forgot it in a crash.
    if (error !== undefined) {
      if (!sameRun && /future/.test(String(error))) return { state: 'aborted' };
      throw error;
    }
    const row = results[0]?.rows[0] as { readonly status: string | null; readonly wal_position: string };
    if (row.status === 'committed') return sameRun ? { state: 'committed', walPosition: row.wal_position } : { state: 'unknown' };
    if (row.status === 'aborted' || !sameRun) return { state: 'aborted' };
    // Its server process still waits for a COMMIT that never arrived, or is in it: either way it ends soon.
    await connection.run([{ statement: TERMINATE, values: [transactionId] }]);
    return undefined;
  } finally {
    clearTimeout(timer);
    pool.release(connection);
  }
}

const POLL = 20;
const STATUS: Statement = {
  name: 'sophia_commit_status',
  text: 'select pg_xact_status($1::xid8) as status, pg_current_wal_lsn()::text as wal_position',
};
const TERMINATE: Statement = {
  name: 'sophia_end_writer',
  text: 'select pg_terminate_backend(pid) from pg_stat_activity where backend_xid = $1::xid8::xid and usename = current_user',
};
