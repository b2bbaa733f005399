import { AsyncLocalStorage } from 'node:async_hooks';
import type { Observability } from '@sophia/observability';
import { createBackoff, SophiaError } from '@sophia/shared';
import type { PendingEntry } from './entry-values.ts';

export interface AuditWriter {
  /** Sees to it that reads are written within 100 ms; at once, where `now` says so. */
  wake(now: boolean): void;
  /** Resolves when the entry is durable. Entries of the same moment share a transaction. */
  write(entry: PendingEntry): Promise<void>;
  /** Resolves when what waited is written, or could not be. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export interface AuditWriterOptions {
  /** The reads that wait. */
  readonly takeReads: () => PendingEntry[];
  /** Writes entries in one transaction. */
  readonly commit: (entries: readonly PendingEntry[]) => Promise<void>;
  readonly observability: Pick<Observability, 'logger' | 'metrics'>;
}

/** Milliseconds within which reads are written. */
const FLUSH_INTERVAL = 100;
const MAXIMUM_WAITING = 10_000;

interface Waiting {
  readonly entry: PendingEntry;
  readonly settled: PromiseWithResolvers<void>;
}

/**
 * Writes entries, one transaction at a time. Reads that could not be written are kept and tried again, and no others
 * are taken meanwhile: their buffer fills, and then it is the readers who wait.
 */
export function createAuditWriter({ takeReads, commit, observability }: AuditWriterOptions): AuditWriter {
  const { logger, metrics } = observability;
  const written = metrics
    .counter({ name: 'sophia_audit_entries_total', help: 'Audit entries written, but for those of a transaction.' })
    .with();
  const nextDelay = createBackoff({ initialDelay: 100, maximumDelay: 1_000 });
  /** In no request's context: what is written is of many, and would stand in the trace of whoever woke it. */
  const apart = AsyncLocalStorage.snapshot();
  let waiting: Waiting[] = [];
  let reads: PendingEntry[] = [];
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  /** Something came while the last transaction was under way. */
  let again = false;

  const writeWaiting = async (): Promise<void> => {
    const taken = waiting;
    waiting = [];
    if (taken.length === 0) return;
    try {
      await commit(taken.map(({ entry }) => entry));
      written.add(taken.length);
      for (const { settled } of taken) settled.resolve();
    } catch (error) {
      for (const { settled } of taken) settled.reject(error);
    }
  };
  const writeReads = async (): Promise<void> => {
    // After a failure the next attempt has its time.
    if (failures > 0 && timer !== undefined) return;
    if (reads.length === 0) reads = takeReads();
    if (reads.length === 0) return;
    try {
      await commit(reads);
      written.add(reads.length);
      reads = [];
      failures = 0;
    } catch (error) {
      failures++;
      logger.error({ err: error, entries: reads.length, failures }, 'the audit of reads could not be written');
      schedule(nextDelay(failures));
    }
  };
  const schedule = (milliseconds: number): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      void run();
    }, milliseconds);
  };
  const run = (): Promise<void> => {
    again = running !== undefined;
    running ??= apart(() => writeWaiting().then(writeReads)).finally(() => {
      running = undefined;
      if (again) void run();
    });
    return running;
  };
  const runNow = async (): Promise<void> => {
    await running;
    clearTimeout(timer);
    timer = undefined;
    await run();
  };

  return {
    wake(now) {
      if (now) void run();
      else schedule(FLUSH_INTERVAL);
    },
    async write(entry) {
      if (waiting.length >= MAXIMUM_WAITING) {
        throw new SophiaError('overloaded', 'The audit cannot be written quickly enough.', { retryAfter: 1 });
      }
      const settled = Promise.withResolvers<void>();
      waiting.push({ entry, settled });
      void run();
      return settled.promise;
    },
    flush: runNow,
    async close() {
      await runNow();
      clearTimeout(timer);
      if (reads.length > 0) logger.error({ entries: reads.length }, 'entries of reads are lost to the audit');
    },
  };
}
