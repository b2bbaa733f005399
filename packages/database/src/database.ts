import type { Transaction, WorkspaceId, WriteTokenParts } from '@sophia/types';

/**
 * SQL of one statement, prepared once per connection under its name.
 * `$1` ... are always bound, never written into the text.
 */
export interface Statement {
  readonly name: string;
  readonly text: string;
  /** Its text is made of what a caller asks for, so that there may be any number of its kind: a connection keeps but those used last. */
  readonly passing?: boolean | undefined;
  /**
   * A read of a few rows by key, well under a millisecond: as a `select` it may share its round trip
   * with others that wait at the same moment.
   */
  readonly quick?: boolean | undefined;
  /**
   * Of a quick read by one key whose text takes an array of keys (`id = any ($3::bigint[])`): the index of the value that
   * callers give one key as, and the column of its rows that holds their key as text. Reads that wait at the same moment
   * and differ in the key alone run as one, and each gets the rows of its own; as a `select` alone.
   */
  readonly keyed?: { readonly value: number; readonly column: string } | undefined;
  /**
   * What is right where this statement, which is cheaper, meets a row that it takes not to be there: after a unique
   * violation by it the transaction runs again, as after a serialization failure, and a run that is not the first takes
   * the fallback. Both have the same parameters and columns.
   */
  readonly fallback?: Statement | undefined;
}

export interface CallOptions {
  /** Milliseconds until the work is given up; 10,000 unless told. */
  readonly deadline?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface TransactionOptions extends CallOptions {
  /** The work may run again after a serialization failure or a lost connection (D3); true unless told. */
  readonly idempotent?: boolean | undefined;
  /** Milliseconds that each of its statements waits for a lock at most; as long as the deadline unless told. */
  readonly lockTimeout?: number | undefined;
}

export interface Committed<T> {
  readonly value: T;
  /** Where a read must have got to, to see this write; without the epoch, which the log knows. */
  readonly token: Omit<WriteTokenParts, 'epoch'>;
}

export interface ReadOptions extends CallOptions {
  /** The read must see this write (D2). */
  readonly after?: WriteTokenParts | undefined;
  /** How old a replica's answer may be, in milliseconds; 0 (the primary) unless told. */
  readonly staleness?: number | undefined;
}

/** A connection of one's own: for locks that live as long as it, and for LISTEN. */
export interface Session {
  query<Row extends object>(statement: Statement, values?: readonly unknown[], options?: CallOptions): Promise<Row[]>;
  /** Calls back with each payload of the channel until the session closes. */
  listen(channel: string, receive: (payload: string) => void): Promise<void>;
  /** Settles when the connection is gone, closed or lost. */
  readonly closed: Promise<void>;
  close(): Promise<void>;
}

/**
 * PostgreSQL as one role: a pool of prepared connections.
 *
 * - D1 `write` and `read` set the workspaces for row-level security in their transaction; without
 *   one no row is visible.
 * - D2 reads may go to a replica only within the staleness that the caller accepts, and not before
 *   the write of `after`.
 * - D3 serialization failures, deadlocks and dropped connections are retried with backoff where the
 *   work is idempotent. A connection lost in COMMIT is settled by `pg_xact_status`, never by a blind
 *   retry.
 * - D4 the pool is warmed to its minimum before ready, capped, with a queue bound, a deadline, idle
 *   closing and recycling by count of queries: a thousand callers at once see no error.
 * - D5 `copyInto` streams binary COPY.
 * - D6 migrations are plain SQL files, forward only, under an advisory lock.
 */
export interface Database {
  /** Runs `work` in one read-committed transaction that has an id from its begin, and commits it durably. */
  write<T>(
    workspaces: readonly WorkspaceId[],
    work: (transaction: Transaction) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<Committed<T>>;
  /** Runs `work` in a read-only transaction (one snapshot for all of its statements). */
  read<T>(workspaces: readonly WorkspaceId[], work: (transaction: Transaction) => Promise<T>, options?: ReadOptions): Promise<T>;
  /** One statement in a transaction that `write` or `read` opened. Rows are plain objects; int8 and numeric come as strings, jsonb parsed, timestamptz as ISO text with microseconds in UTC, bytea as Buffer. */
  query<Row extends object>(transaction: Transaction, statement: Statement, values?: readonly unknown[]): Promise<Row[]>;
  /** Streams rows into a (temporary) table by binary COPY; resolves to their count. */
  copyInto(
    transaction: Transaction,
    target: CopyTarget,
    rows: Iterable<readonly unknown[]> | AsyncIterable<readonly unknown[]>,
  ): Promise<number>;
  /** One read of one statement outside any transaction (autocommit, one round trip). The workspaces are set with it. */
  select<Row extends object>(
    workspaces: readonly WorkspaceId[],
    statement: Statement,
    values?: readonly unknown[],
    options?: ReadOptions,
  ): Promise<Row[]>;
  openSession(options?: CallOptions): Promise<Session>;
  /** Whether the primary answers, with the milliseconds it took. */
  ping(options?: CallOptions): Promise<number>;
  close(): Promise<void>;
}

export type CopyType = 'int4' | 'int8' | 'float8' | 'bool' | 'text' | 'bytea' | 'jsonb' | 'timestamptz' | 'date' | 'xid8' | 'numeric';

export interface CopyTarget {
  readonly table: string;
  /** jsonb takes JSON text, timestamptz microseconds since 1970 as bigint or number, or ISO text. */
  readonly columns: readonly { readonly name: string; readonly type: CopyType }[];
}
