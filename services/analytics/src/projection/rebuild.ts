import type { EventLog } from '@sophia/event-log';
import { SophiaError } from '@sophia/shared';
import type { Position } from '@sophia/types';
import type { Warehouse } from '@sophia/warehouse';
import { BATCH_SIZE, warehouseBatch } from './warehouse-projection.ts';

/** Of the values of one warehouse transaction: small events fill its count before. */
const BATCH_BYTES = 32 * 2 ** 20;

export interface RebuildProgress {
  readonly applied: number;
  /** Where the rebuild has got to, and the log's end. */
  readonly tick: number;
  readonly head: number;
}

export interface RebuildOptions {
  readonly eventLog: Pick<EventLog, 'read' | 'head'>;
  readonly warehouse: Warehouse;
  /** Keeps the projection from applying for the moments in which both sides have to stand at the same place. */
  readonly whilePaused: <T>(work: () => Promise<T>) => Promise<T>;
  readonly progress?: ((progress: RebuildProgress) => void) | undefined;
}

/**
 * Makes the warehouse anew from the log beside the one in use, compares every table, and switches.
 * Errors: `rebuild_differs`, with the tables that are not equal; the one in use stays then.
 */
export const rebuildWarehouse = async (options: RebuildOptions): Promise<{ readonly events: number; readonly generation: number }> => {
  const { eventLog, warehouse, whilePaused, progress } = options;
  const rebuild = await warehouse.startRebuild();
  let cursor: Position | null = null;
  let events = 0;

  /** Applies what the warehouse in use has applied, and no more: only then can both be compared. */
  const follow = async (): Promise<void> => {
    for (;;) {
      const upTo = warehouse.applied().cursor;
      if (upTo === null) return;
      const batch = await eventLog.read(cursor, { limit: BATCH_SIZE, bytes: BATCH_BYTES, upTo });
      if (batch.cursor === cursor) return;
      await rebuild.apply(warehouseBatch(batch));
      cursor = batch.cursor;
      events += batch.events.length;
      progress?.({ applied: events, tick: batch.tick, head: (await eventLog.head()).tick });
    }
  };

  /** So that little is left to do in a pause. */
  const catchUp = async (): Promise<void> => {
    await follow();
    await rebuild.takeAlong();
    await follow();
  };

  /** Begins the work when both sides stand at the same place, and lets the projection go on when the work says so, before its end. */
  const atOnePlace = async <T>(work: (goOn: () => void) => Promise<T>): Promise<T> => {
    const working = await whilePaused(async () => {
      await follow();
      const may = Promise.withResolvers<void>();
      const begun = work(may.resolve);
      await Promise.race([may.promise, begun]);
      return { begun };
    });
    return working.begun;
  };

  try {
    await catchUp();
    const differences = await atOnePlace(rebuild.compare);
    if (differences.length > 0) {
      const names = differences.map(({ recordType, part }) => `${recordType} (${part})`).join(', ');
      throw new SophiaError('rebuild_differs', `The rebuilt warehouse is not equal in ${names}.`, { details: { differences } });
    }
    // Comparing takes long, too: what was defined meanwhile is not left to the switch, for which everything waits.
    await catchUp();
    await atOnePlace(rebuild.switchOver);
    return { events, generation: rebuild.generation };
  } catch (error) {
    await rebuild.abandon();
    throw error;
  }
};
