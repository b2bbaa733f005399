import type { Cache, CacheChange } from '@sophia/cache';
import type { EventLog, MicroBatch, Subscription } from '@sophia/event-log';
import type { LogEvent, ReadPoint, RecordTypeDefinition, WorkspaceId } from '@sophia/types';
import type { AppliedState, Warehouse } from '@sophia/warehouse';
import { recordTypeTag } from '../queries/prepared-queries.ts';
import type { PublishedReadPoint } from './published-read-point.ts';
import { recordChange } from './record-change.ts';
import { warehouseChange } from './warehouse-changes.ts';

/** The consumer group that keeps the warehouse. */
export const WAREHOUSE_GROUP = 'warehouse';
/** Most events applied in one warehouse transaction. */
const BATCH_SIZE = 10_000;

export interface WarehouseProjectionOptions {
  readonly eventLog: EventLog;
  readonly warehouse: Warehouse;
  readonly answers: Cache;
  readonly results: Cache;
  readonly published: PublishedReadPoint;
  readonly isEnvironmental: (error: unknown) => boolean;
  /** A record type was defined or altered: its table follows before its records do. */
  readonly onTypeChanged: (workspace: WorkspaceId, definition: RecordTypeDefinition) => Promise<void>;
  /** Told after the batch is applied and its invalidations are processed, before its read point is published. */
  readonly onApplied: (batch: MicroBatch) => void;
}

/** Keeps the warehouse from the log: apply commits, then caches are invalidated, then the new `complete_to` is published. */
export const startWarehouseProjection = async (options: WarehouseProjectionOptions): Promise<Subscription> => {
  const { eventLog, warehouse, answers, results, published } = options;

  const apply = async (batch: MicroBatch): Promise<void> => {
    await followTypes(batch.events, options.onTypeChanged);
    await warehouse.apply({
      changes: batch.events.flatMap((event) => warehouseChange(event) ?? []),
      cursor: batch.cursor,
      tick: batch.tick,
      completeTo: batch.completeTo,
      endOfTick: batch.endOfTick,
    });
    const changes = batch.events.flatMap(cacheChange);
    if (changes.length > 0) {
      answers.invalidate({ tick: batch.tick, changes });
      results.invalidate({ tick: batch.tick, changes });
    }
    options.onApplied(batch);
    if (batch.endOfTick) published.publish({ tick: batch.tick, position: batch.cursor, completeTo: batch.completeTo });
  };

  return eventLog.consume(WAREHOUSE_GROUP, apply, {
    batchSize: BATCH_SIZE,
    cursor: async () => warehouse.applied().cursor,
    isEnvironmental: options.isEnvironmental,
  });
};

/** What a warehouse that has applied so much may state. */
export const readPointOf = ({ tick, cursor, completeTo }: AppliedState, fallback: ReadPoint): ReadPoint =>
  cursor === null || completeTo === null ? fallback : { tick, position: cursor, completeTo };

const followTypes = async (events: readonly LogEvent[], onTypeChanged: WarehouseProjectionOptions['onTypeChanged']): Promise<void> => {
  for (const event of events) {
    // The catalog is the only writer of this kind, and its data is the whole definition.
    if (event.kind === 'record_type.changed') await onTypeChanged(event.workspace, event.data as unknown as RecordTypeDefinition);
  }
};

const cacheChange = (event: LogEvent): CacheChange[] => {
  const change = recordChange(event);
  return change === undefined ? [] : [{ tag: recordTypeTag(event.workspace, change.recordType), change }];
};
