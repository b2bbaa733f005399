import { isSophiaError, systemSleep } from '@sophia/shared';
import { pruneProgress } from './progress.ts';
import type { Writer } from './writer.ts';

/** What DuckDB says where a reader from before a change of a table's definition, or an erasure, is still open. */
const NOT_NOW = /^TransactionContext Error: Cannot CHECKPOINT/;
const PAUSE_MS = 100;

/**
 * Folds the write-ahead log into the file, between two batches; waits so many milliseconds for readers that are in the
 * way, which their deadline ends.
 */
export async function checkpoint(writer: Writer, signal: AbortSignal, longestWait = 30_000): Promise<void> {
  const giveUp = performance.now() + longestWait;
  for (;;) {
    try {
      await checkpointNow(writer);
      return;
    } catch (error) {
      if (!isSophiaError(error) || !NOT_NOW.test(error.message) || performance.now() >= giveUp) throw error;
      await systemSleep(PAUSE_MS, signal);
    }
  }
}

/** The same without waiting. */
export const checkpointNow = (writer: Writer): Promise<void> =>
  writer.exclusive(async (connection, transact) => {
    await transact(async (meta) => {
      await pruneProgress(connection);
      return meta;
    });
    await connection.run('checkpoint');
  });
