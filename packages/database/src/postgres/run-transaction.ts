import { SophiaError } from '@sophia/shared';
import type { Transaction, WorkspaceId } from '@sophia/types';
import type { Committed, TransactionOptions } from '../database.ts';
import type { CallLimits } from './call-limits.ts';
import type { Connections } from './connection-pool.ts';
import type { DatabaseObserver } from './database-observer.ts';
import { OpenTransaction } from './open-transaction.ts';
import { type FailureKind, failureKind, toSophiaError } from './postgres-errors.ts';
import type { Attempt } from './retrying.ts';
import { settleCommit } from './settle-commit.ts';
import { beginRead, beginWrite, COMMIT, ROLLBACK, WAL_POSITION } from './system-statements.ts';

type Work<T> = (transaction: Transaction) => Promise<T>;

export interface TransactionContext {
  readonly pool: Connections;
  readonly observer: DatabaseObserver;
  readonly limits: CallLimits;
}

/** One run of a writing transaction: its beginning goes with its first statement, its commit takes the second round trip. */
export async function tryWrite<T>(
  context: TransactionContext,
  workspaces: readonly WorkspaceId[],
  {
    work,
    isFirstRun,
    lockTimeout,
  }: { readonly work: Work<T>; readonly isFirstRun: boolean; readonly lockTimeout: TransactionOptions['lockTimeout'] },
): Promise<Attempt<Committed<T>>> {
  const { pool, observer, limits } = context;
  const connection = await observer.acquire(pool, limits);
  const transaction = new OpenTransaction(connection, beginWrite(workspaces, limits.remaining(), lockTimeout), observer, isFirstRun);
  const ended = observer.writerBegan();
  const release = limits.watch((error) => transaction.abandon(error));
  try {
    const result = await runWork(transaction, work);
    return 'done' in result ? await commit(context, transaction, result.done) : result;
  } finally {
    release();
    ended();
    pool.release(connection);
  }
}

/** One run of a reading transaction: its value is there before its end is. */
export async function tryRead<T>(context: TransactionContext, workspaces: readonly WorkspaceId[], work: Work<T>): Promise<Attempt<T>> {
  const { pool, observer, limits } = context;
  const connection = await observer.acquire(pool, limits);
  const transaction = new OpenTransaction(connection, beginRead(workspaces, limits.remaining()), observer, true);
  const release = limits.watch((error) => transaction.abandon(error));
  const free = () => {
    release();
    pool.release(connection);
  };
  const result = await runWork(transaction, work);
  if ('done' in result && transaction.isOpen) void transaction.end([COMMIT]).then(free);
  else free();
  return result;
}

/** Runs the caller's work; when it fails, the transaction is rolled back. */
async function runWork<T>(transaction: OpenTransaction, work: Work<T>): Promise<Attempt<T>> {
  try {
    return { done: await Promise.race([work(transaction.asTransaction), transaction.abandoned]) };
  } catch (error) {
    if (transaction.isOpen && !transaction.connection.isClosed) await transaction.end([ROLLBACK]);
    return { failed: error, kind: transaction.failureKind };
  }
}

async function commit<T>(
  { pool, limits, observer }: TransactionContext,
  transaction: OpenTransaction,
  value: T,
): Promise<Attempt<Committed<T>>> {
  // Its COMMIT is never sent, so there is nothing to find out.
  if (transaction.connection.isClosed) return failed(transaction.failure ?? new Error('Connection terminated'), 'lost_connection');
  const { results, error } = await transaction.end([COMMIT, WAL_POSITION]);
  const [committed, position] = results;
  const { transactionId } = transaction;
  if (transactionId === undefined) return failed(transaction.failure ?? error, failureKind(error));
  // A statement failed although the work went on: PostgreSQL answers COMMIT with ROLLBACK.
  if (committed?.command === 'ROLLBACK') return failed(transaction.failure, transaction.failureKind);
  if (position !== undefined) {
    const { wal_position: walPosition } = position.rows[0] as { readonly wal_position: string };
    return { done: { value, token: { transactionId, walPosition } } };
  }
  const kind = failureKind(error);
  if (committed === undefined && kind !== 'lost_connection') return failed(error, kind);
  const settled = await settleCommit({
    pool,
    transactionId,
    incarnation: transaction.connection.incarnation,
    milliseconds: Math.max(SETTLE_AT_LEAST, limits.remaining()),
  });
  observer.settled(settled.state);
  switch (settled.state) {
    case 'committed':
      return { done: { value, token: { transactionId, walPosition: settled.walPosition } } };
    case 'aborted':
      return failed(transaction.failure ?? error, kind);
    case 'unknown':
      throw new SophiaError('commit_unknown', 'The connection was lost during COMMIT, and whether it happened could not be found out.', {
        cause: settled.cause ?? error,
        retryAfter: 1,
      });
  }
}

const failed = (error: unknown, kind: FailureKind): { readonly failed: unknown; readonly kind: FailureKind } => ({
  failed: toSophiaError(error),
  kind,
});

/** Milliseconds: a commit whose connection was lost is looked up for so long, also past the deadline. */
const SETTLE_AT_LEAST = 3_000;
