import { stat } from 'node:fs/promises';
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
  /** Ends after the step in hand. */
  close(): Promise<void>;
}

export function createMaintenance(file: DatabaseFile, writer: Writer, options: MaintenanceOptions): Maintenance {
  const { checkpointBytes = 32 * 2 ** 20, checkpointInterval = 30_000, rewriteRows = 200_000, rewriteShare = 0.4, onError } = options;
  const touched = new Map<string, Set<string>>();
  let underWay: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  const run = async (): Promise<void> => {
    await checkpoint(writer);
    for (const { table } of [...writer.meta().layouts.values()]) {
      const dead = isClosed ? 0 : await rowsToRewrite(writer, table, rewriteShare);
      if (dead >= rewriteRows) await rewriteTable(file, writer, table, touched);
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
      if (isClosed) return;
      timer ??= setTimeout(() => inBackground(maintain), checkpointInterval).unref();
      inBackground(async () => {
        if ((await logBytes(file)) >= checkpointBytes) await maintain();
      });
    },
    maintain,
    async close() {
      isClosed = true;
      clearTimeout(timer);
      await underWay?.catch(onError);
    },
  };
}

/** Bytes of the write-ahead log; it is not there after a checkpoint. */
const logBytes = async ({ path }: DatabaseFile): Promise<number> => {
  const found = await stat(`${path}.wal`).catch(() => undefined);
  return found?.size ?? 0;
};
