import { type DuckDBConnection, StatementType } from '@duckdb/node-api';
import { createBulkhead, type Parties, SophiaError, withDeadline } from '@sophia/shared';
import type { QueryOptions, WarehouseResult, WarehouseStatement } from '../warehouse.ts';
import { bindParameters } from './bind-parameters.ts';
import type { DatabaseFile } from './database-file.ts';
import { engineError, isInvalidating, queryError } from './engine-error.ts';
import { interruptible } from './interruptible.ts';
import { type Meta, readState } from './meta.ts';
import { releaseStatement } from './release.ts';
import { resultColumns } from './result-columns.ts';

/** Milliseconds for a query, unless told. */
export const DEFAULT_DEADLINE_MS = 10_000;
const DEFAULT_MAX_ROWS = 100_000;

export interface ReadersOptions {
  readonly file: DatabaseFile;
  /** How many queries run at once. */
  readonly count: number;
  /** How many more may wait. */
  readonly waiting: number;
  /** What is committed; undefined while a commit is under way. The same object while nothing changes. */
  readonly settled: () => Meta | undefined;
  /** Told when DuckDB gave up on the file. */
  readonly onInvalidated: () => void;
}

/** Connections that only read, each with one query at a time. */
export interface Readers {
  query(statement: WarehouseStatement, options?: QueryOptions): Promise<WarehouseResult>;
  /** Lends a connection for work of the warehouse's own, within a transaction of one snapshot. */
  read<T>(work: (connection: DuckDBConnection) => Promise<T>, deadline: number): Promise<T>;
  /** Lets no more queries in, and resolves when all have ended; those that run after so many milliseconds are interrupted. */
  drain(grace: number): Promise<void>;
}

export async function openReaders({ file, count, waiting, settled, onInvalidated }: ReadersOptions): Promise<Readers> {
  const idle = await Promise.all(Array.from({ length: count }, () => file.connect()));
  const places = createBulkhead({ name: 'The warehouse', concurrency: count, queue: waiting });
  const underWay = new Map<Promise<unknown>, AbortController>();
  let isDrained = false;

  /** Runs work in a transaction of its own, for so many milliseconds; its place stays taken until it has really ended. */
  const lend = <T>(
    work: (connection: DuckDBConnection) => Promise<T>,
    milliseconds: number,
    signal?: AbortSignal,
    party?: string | Parties,
  ): Promise<T> => {
    if (isDrained) return Promise.reject(closing());
    const stop = new AbortController();
    const onAbort = () => stop.abort(signal?.reason);
    if (signal?.aborted === true) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    return withDeadline(
      milliseconds,
      (deadline) => {
        const ended = places
          .run(() => inTransaction(work, deadline.signal), deadline.signal, party)
          .finally(() => {
            underWay.delete(ended);
            signal?.removeEventListener('abort', onAbort);
          });
        underWay.set(ended, stop);
        return ended;
      },
      { what: 'the warehouse', signal: stop.signal },
    );
  };

  const inTransaction = async <T>(work: (connection: DuckDBConnection) => Promise<T>, signal: AbortSignal): Promise<T> => {
    const connection = idle.pop() as DuckDBConnection; // There are as many as places.
    try {
      await connection.run('begin transaction read only');
      return await interruptible(connection, signal, () => work(connection));
    } catch (error) {
      if (isInvalidating(error)) onInvalidated();
      throw engineError(error);
    } finally {
      // Only a file that DuckDB gave up on lets no transaction end.
      await connection.run('rollback').catch(onInvalidated);
      idle.push(connection);
    }
  };

  return {
    query: (statement, { deadline = DEFAULT_DEADLINE_MS, signal, party, maxRows = DEFAULT_MAX_ROWS } = {}) => {
      return lend((connection) => runQuery(connection, statement, maxRows, settled), deadline, signal, party);
    },
    read: (work, milliseconds) => lend(work, milliseconds),
    async drain(grace) {
      isDrained = true;
      const timer = setTimeout(() => {
        for (const stop of underWay.values()) stop.abort(closing());
      }, grace);
      await Promise.allSettled(underWay.keys());
      clearTimeout(timer);
    },
  };
}

async function runQuery(
  connection: DuckDBConnection,
  { text, parameters }: WarehouseStatement,
  maxRows: number,
  settled: ReadersOptions['settled'],
): Promise<WarehouseResult> {
  const before = settled();
  const prepared = await connection.prepare(text);
  try {
    if (prepared.statementType !== StatementType.SELECT) throw new SophiaError('warehouse_statement_failed', 'Only queries are run.');
    bindParameters(prepared, parameters);
    // Preparing takes the snapshot. Where nothing was committed meanwhile, what we know of it need not be read.
    const applied = before !== undefined && settled() === before ? before.applied : (await readState(connection)).applied;
    const result = await prepared.stream();
    const columns = resultColumns(result);
    let rowCount = 0;
    for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
      rowCount += chunk.rowCount;
      if (rowCount > maxRows) throw tooLarge(maxRows);
      for (const column of columns) column.append(chunk);
    }
    return { columns: columns.map(({ name, type }) => ({ name, type })), values: columns.map(({ values }) => values), rowCount, applied };
  } catch (error) {
    throw queryError(error);
  } finally {
    releaseStatement(prepared);
  }
}

const closing = (): SophiaError => new SophiaError('warehouse_unavailable', 'The warehouse is closing.', { retryAfter: 1 });

const tooLarge = (maxRows: number): SophiaError =>
  new SophiaError('result_too_large', `The result has more than ${maxRows} rows.`, { details: { maximum: maxRows } });
