import type { DuckDBConnection } from '@duckdb/node-api';
import { createBulkhead, SophiaError } from '@sophia/shared';
import { engineError, isInvalidating } from './engine-error.ts';
import { interruptible } from './interruptible.ts';
import type { Meta } from './meta.ts';

/** Callers that may wait for their turn to write. */
const WAITING = 1_000;

/** Does the work and commits it with what the warehouse knows of itself afterwards; all or nothing. */
export type Transact = (work: (meta: Meta) => Promise<Meta>, limits?: TransactionLimits) => Promise<void>;

export interface TransactionLimits {
  /** After which the work is given up. */
  readonly milliseconds?: number | undefined;
  /** Gives it up, with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The one connection that writes. */
export interface Writer {
  /** As last committed. */
  meta(): Meta;
  /** The same, but undefined while a commit is under way. */
  settled(): Meta | undefined;
  /** Set when a commit ended in doubt or DuckDB gave up: only opening the file again tells what it holds. */
  readonly isBroken: boolean;
  breakDown(): void;
  /** Refuses all further work as `warehouse_unavailable`, and says why. */
  retire(why: string): void;
  /**
   * Runs the work alone; an abort while it waits for its turn gives that up. Errors of the engine come as
   * `warehouse_unavailable` and the like.
   */
  exclusive<T>(work: (connection: DuckDBConnection, transact: Transact) => Promise<T>, signal?: AbortSignal): Promise<T>;
}

/** `deadline` is for one transaction, in milliseconds, unless its limits say another. */
export function createWriter(connection: DuckDBConnection, initial: Meta, deadline: number): Writer {
  const turns = createBulkhead({ name: 'The warehouse writer', concurrency: 1, queue: WAITING });
  let meta = initial;
  let isCommitting = false;
  let isBroken = false;
  let retired: string | undefined;

  const breakDown = () => {
    isBroken = true;
  };
  const transact: Transact = async (work, { milliseconds = deadline, signal } = {}) => {
    await connection.run('begin');
    const next = await within({ milliseconds, signal }, connection, () => work(meta)).catch(async (error: unknown) => {
      await connection.run('rollback').catch(breakDown);
      throw error;
    });
    isCommitting = true;
    try {
      await connection.run('commit');
      meta = next;
    } catch (error) {
      breakDown();
      throw error;
    } finally {
      isCommitting = false;
    }
  };

  return {
    meta: () => meta,
    settled: () => (isCommitting ? undefined : meta),
    get isBroken() {
      return isBroken;
    },
    breakDown,
    retire(why) {
      retired = why;
    },
    exclusive: (work, signal) =>
      turns.run(async () => {
        if (retired !== undefined) throw new SophiaError('warehouse_unavailable', retired, { retryAfter: 1 });
        try {
          return await work(connection, transact);
        } catch (error) {
          if (isInvalidating(error)) breakDown();
          throw engineError(error);
        }
      }, signal),
  };
}

/** Interrupts the work at its deadline or by its signal, and waits for its end. */
async function within<T>(
  { milliseconds, signal }: TransactionLimits & { readonly milliseconds: number },
  connection: DuckDBConnection,
  work: () => Promise<T>,
): Promise<T> {
  const deadline = new AbortController();
  const error = () =>
    new SophiaError('deadline_exceeded', `No end of a write within ${milliseconds} ms in the warehouse.`, { retryAfter: 1 });
  const timer = setTimeout(() => deadline.abort(error()), milliseconds);
  try {
    return await interruptible(connection, signal === undefined ? deadline.signal : AbortSignal.any([signal, deadline.signal]), work);
  } finally {
    clearTimeout(timer);
  }
}
