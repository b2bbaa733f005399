import { stat } from 'node:fs/promises';
import { SophiaError } from '@sophia/shared';
import { checkpoint } from './checkpoint.ts';
import type { DatabaseFile } from './database-file.ts';
import { rewriteTable, rowsToRewrite } from './rewrite-table.ts';
import type { TouchRows } from './write-table.ts';
import type { Writer } from './writer.ts';

export interface MaintenanceOptions {
  /** A write-ahead log of so many bytes is folded into the file; 32 MiB unless told. */
  readonly checkpointBytes?: number | undefined;
  /** A smaller one is folded in after so many milliseconds; 30,000 unless told. */
  readonly checkpointInterval?: number | undefined;
  /** A table is written anew when at least so many of its rows are dead ...; 200,000 unless told. */
  readonly rewriteRows?: number | undefined;
  /** ... and at least this share; 0.4 unless told. */
  readonly rewriteShare?: number | undefined;
  /** Told of what failed in the background; it is tried again later. */
  readonly onError: (error: unknown) => void;
}

/** Keeps the file small and quick: checkpoints between batches, tables written anew when much of them is dead. */
export interface Maintenance {
  readonly touch: TouchRows;
  /** Sees to it that what is due is done a moment later. */
  afterApply(): void;
  /** Does what is due, now; one caller's work is all callers'. */
  maintain(): Promise<void>;
  /** Breaks off what is under way: the next process does it. */
  close(): Promise<void>;
}

export function createMaintenance(file: DatabaseFile, writer: Writer, options: MaintenanceOptions): Maintenance {
  const { checkpointBytes = 32 * 2 ** 20, checkpointInterval = 30_000, rewriteRows = 200_000, rewriteShare = 0.4, onError } = options;
  const touched = new Map<string, Set<string>>();
  const stop = new AbortController();
  let underWay: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  const run = async (): Promise<void> => {
    await checkpoint(writer, stop.signal);
    for (const { table } of [...writer.meta().layouts.values()]) {
      if ((await rowsToRewrite(writer, table, rewriteShare)) >= rewriteRows) await rewriteTable(file, writer, table, touched, stop.signal);
    }
  };
  const maintain = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    underWay ??= run().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
  const inBackground = (work: () => Promise<void>): void => {
    work().catch(onError);
  };

  return {
    touch(table, ids) {
      const copied = touched.get(table);
      if (copied !== undefined) for (const id of ids()) copied.add(id);
    },
    afterApply() {
      if (stop.signal.aborted) return;
      timer ??= setTimeout(() => inBackground(maintain), checkpointInterval).unref();
      inBackground(async () => {
        if ((await logBytes(file)) >= checkpointBytes) await maintain();
      });
    },
    maintain,
    async close() {
      stop.abort(new SophiaError('warehouse_unavailable', 'The warehouse is closing.'));
      clearTimeout(timer);
      await underWay?.catch(() => undefined);
    },
  };
}

/** Bytes of the write-ahead log; it is not there after a checkpoint. */
const logBytes = async ({ path }: DatabaseFile): Promise<number> => {
  const found = await stat(`${path}.wal`).catch(() => undefined);
  return found?.size ?? 0;
};
