import { type Clock, createBackoff, SophiaError, systemClock } from '@sophia/shared';
import type { Transaction, WorkspaceId } from '@sophia/types';
import type { Committed, Database, ReadOptions, Statement, TransactionOptions } from '../database.ts';
import { assertRole } from './assert-role.ts';
import { type CallLimits, callLimits, DEFAULT_DEADLINE } from './call-limits.ts';
import { ConnectionPool, type PoolOptions } from './connection-pool.ts';
import type { DatabaseRole, PostgresConnection } from './connection-settings.ts';
import { OpenTransaction } from './open-transaction.ts';
import { openConnection, type ServerConnection } from './postgres-connection.ts';
import { type FailureKind, failureKind, toSophiaError } from './postgres-errors.ts';
import { createSession } from './postgres-session.ts';
import { settleCommit } from './settle-commit.ts';
import { beginRead, beginWrite, COMMIT, PING, ROLLBACK, setWorkspaces, WAL_POSITION } from './system-statements.ts';

export interface PostgresDatabaseOptions {
  readonly connection: PostgresConnection;
  readonly role: DatabaseRole;
  readonly pool?: Partial<PoolOptions> | undefined;
  readonly clock?: Clock | undefined;
}

/** The embedded default; a server of its own takes 20 to 100. */
export const DEFAULT_POOL: PoolOptions = {
  minimum: 4,
  maximum: 16,
  queue: 10_000,
  idleMs: 300_000,
  recycleAfterQueries: 50_000,
  failFastAfterMs: 2_000,
};

/** Connects as one role; resolves when the pool is warm and the role's rights are what they must be. */
export async function createPostgresDatabase(options: PostgresDatabaseOptions): Promise<Database> {
  const clock = options.clock ?? systemClock;
  const open = () => openConnection(options.connection, { ...CONNECTION_LIMITS, applicationName: `sophia-${options.role}` });
  const pool = new ConnectionPool({ ...DEFAULT_POOL, ...options.pool }, open, clock);
  const database = new PostgresDatabase(pool, open, clock);
  try {
    await pool.warm();
    await assertRole(pool, options.role);
  } catch (error) {
    await pool.close();
    throw toSophiaError(error);
  }
  return database;
}

const CONNECTION_LIMITS = { statementTimeout: 60_000, idleInTransactionTimeout: 30_000 };
/** A commit whose connection was lost is looked up for at least so long, also past the deadline. */
const SETTLE_AT_LEAST = 3_000;
const ATTEMPTS = 10;

type Attempt<T> = { readonly done: T } | { readonly failed: unknown; readonly kind: FailureKind };

class PostgresDatabase implements Database {
  readonly #pool: ConnectionPool;
  readonly #open: () => Promise<ServerConnection>;
  readonly #clock: Clock;
  readonly #backoff = createBackoff({ initialDelay: 10, maximumDelay: 500 });

  constructor(pool: ConnectionPool, open: () => Promise<ServerConnection>, clock: Clock) {
    this.#pool = pool;
    this.#open = open;
    this.#clock = clock;
  }

  write<T>(
    workspaces: readonly WorkspaceId[],
    work: (transaction: Transaction) => Promise<T>,
    options: TransactionOptions = {},
  ): Promise<Committed<T>> {
    const limits = callLimits(options, this.#clock);
    return this.#retrying(limits, options.idempotent ?? true, () => this.#tryWrite(workspaces, work, limits));
  }

  async read<T>(workspaces: readonly WorkspaceId[], work: (transaction: Transaction) => Promise<T>, options: ReadOptions = {}): Promise<T> {
    const limits = callLimits(options, this.#clock);
    return this.#retrying(limits, true, () => this.#tryRead(workspaces, work, limits));
  }

  async query<Row extends object>(transaction: Transaction, statement: Statement, values: readonly unknown[] = []): Promise<Row[]> {
    return (await OpenTransaction.of(transaction).query(statement, values)) as Row[];
  }

  copyInto(...[transaction, target, rows]: Parameters<Database['copyInto']>): Promise<number> {
    return OpenTransaction.of(transaction).copyInto(target, rows);
  }

  async select<Row extends object>(
    workspaces: readonly WorkspaceId[],
    statement: Statement,
    values: readonly unknown[] = [],
    options: ReadOptions = {},
  ): Promise<Row[]> {
    const limits = callLimits(options, this.#clock);
    return (await this.#retrying(limits, true, () => this.#trySelect(workspaces, statement, values, limits))) as Row[];
  }

  async openSession(options = {}) {
    try {
      return createSession(await this.#open(), DEFAULT_DEADLINE);
    } catch (error) {
      throw toSophiaError(error);
    }
  }

  async ping(options = {}): Promise<number> {
    const begun = this.#clock.monotonic();
    await this.select([], PING, [], options);
    return this.#clock.monotonic() - begun;
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  async #retrying<T>(limits: CallLimits, idempotent: boolean, attempt: () => Promise<Attempt<T>>): Promise<T> {
    for (let count = 1; ; count++) {
      const outcome = await attempt();
      if ('done' in outcome) return outcome.done;
      const wait = this.#backoff(count);
      if (!idempotent || outcome.kind === 'other' || count >= ATTEMPTS || wait >= limits.remaining()) throw toSophiaError(outcome.failed);
      await pause(wait, limits.signal);
    }
  }

  async #tryWrite<T>(
    workspaces: readonly WorkspaceId[],
    work: (transaction: Transaction) => Promise<T>,
    limits: CallLimits,
  ): Promise<Attempt<Committed<T>>> {
    const connection = await this.#pool.acquire(limits.remaining(), limits.signal);
    const transaction = new OpenTransaction(connection, beginWrite(workspaces, limits.remaining()));
    try {
      const result = await this.#work(transaction, work, limits);
      if ('failed' in result) return result;
      return await this.#commit(transaction, result.done, limits);
    } finally {
      this.#pool.release(connection);
    }
  }

  async #tryRead<T>(
    workspaces: readonly WorkspaceId[],
    work: (transaction: Transaction) => Promise<T>,
    limits: CallLimits,
  ): Promise<Attempt<T>> {
    const connection = await this.#pool.acquire(limits.remaining(), limits.signal);
    const transaction = new OpenTransaction(connection, beginRead(workspaces, limits.remaining()));
    try {
      const result = await this.#work(transaction, work, limits);
      if ('done' in result && transaction.isOpen) await transaction.end([COMMIT]);
      return result;
    } finally {
      this.#pool.release(connection);
    }
  }

  /** Runs the caller's work; when it fails, the transaction is rolled back. */
  async #work<T>(transaction: OpenTransaction, work: (transaction: Transaction) => Promise<T>, limits: CallLimits): Promise<Attempt<T>> {
    let release: () => void = () => {};
    const ended = new Promise<never>((_, reject) => {
      release = limits.watch((error) => {
        transaction.abandon(error);
        reject(error);
      });
    });
    try {
      return { done: await Promise.race([work(transaction.asTransaction), ended]) };
    } catch (error) {
      if (transaction.isOpen && !transaction.connection.isClosed) await transaction.end([ROLLBACK]);
      const cause = transaction.failure?.error;
      return { failed: error, kind: cause === undefined ? 'other' : failureKind(cause) };
    } finally {
      release();
    }
  }

  async #commit<T>(transaction: OpenTransaction, value: T, limits: CallLimits): Promise<Attempt<Committed<T>>> {
    const release = limits.watch(() => transaction.connection.abandon());
    const { results, error } = await transaction.end([COMMIT, WAL_POSITION]);
    release();
    const transactionId = (transaction.begun[1]?.rows[0] as { readonly transaction_id: string } | undefined)?.transaction_id;
    const [commit, position] = results;
    if (commit?.command === 'ROLLBACK') {
      const cause = transaction.failure?.error;
      return { failed: cause ?? new SophiaError('database_error', 'The transaction was rolled back.'), kind: failureKind(cause) };
    }
    if (transactionId === undefined) return { failed: error, kind: failureKind(error) };
    if (position !== undefined) {
      const { wal_position: walPosition } = position.rows[0] as { readonly wal_position: string };
      return { done: { value, token: { transactionId, walPosition } } };
    }
    if (commit === undefined && failureKind(error) !== 'lost_connection') return { failed: error, kind: failureKind(error) };
    const settled = await settleCommit(
      this.#pool,
      transactionId,
      transaction.connection.incarnation,
      Math.max(SETTLE_AT_LEAST, limits.remaining()),
    );
    switch (settled.state) {
      case 'committed':
        return { done: { value, token: { transactionId, walPosition: settled.walPosition } } };
      case 'aborted':
        return { failed: error, kind: 'lost_connection' };
      case 'unknown':
        throw new SophiaError('commit_unknown', 'The connection was lost during COMMIT, and the server cannot say whether it happened.', {
          cause: settled.cause ?? error,
          retryAfter: 1,
        });
    }
  }

  async #trySelect(
    workspaces: readonly WorkspaceId[],
    statement: Statement,
    values: readonly unknown[],
    limits: CallLimits,
  ): Promise<Attempt<Record<string, unknown>[]>> {
    const connection = await this.#pool.acquire(limits.remaining(), limits.signal);
    let ended: Error | undefined;
    const release = limits.watch((error) => {
      ended = error;
      connection.abandon();
    });
    try {
      const { results, error } = await connection.run([setWorkspaces(workspaces), { statement, values }]);
      const result = results[1];
      if (result !== undefined) return { done: result.rows };
      if (ended !== undefined) return { failed: ended, kind: 'other' };
      return { failed: toSophiaError(error, statement.name), kind: failureKind(error) };
    } finally {
      release();
      this.#pool.release(connection);
    }
  }
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, milliseconds);
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
