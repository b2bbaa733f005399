import type { Cache, CacheChange } from '@sophia/cache';
import type { EventLog, MicroBatch, Subscription } from '@sophia/event-log';
import type { Clock } from '@sophia/shared';
import type { EventFact, ReadPoint } from '@sophia/types';
import type { AppliedState, Warehouse, WarehouseBatch } from '@sophia/warehouse';
import { recordTypeTag } from '../queries/prepared-queries.ts';
import type { PublishedReadPoint } from './published-read-point.ts';
import { recordChange } from './record-change.ts';
import { warehouseChanges } from './warehouse-changes.ts';

/** The consumer group that keeps the warehouse, each instance its own. */
export const WAREHOUSE_GROUP = 'warehouse';
/** Most events applied in one warehouse transaction. */
export const BATCH_SIZE = 10_000;

export interface WarehouseProjectionOptions {
  readonly eventLog: EventLog;
  readonly warehouse: Pick<Warehouse, 'apply' | 'applied'>;
  readonly instance: string | undefined;
  readonly answers: Pick<Cache, 'invalidate' | 'clear'>;
  readonly results: Pick<Cache, 'invalidate' | 'clear'>;
  readonly published: PublishedReadPoint;
  readonly isEnvironmental: (error: unknown) => boolean;
  /** Told before the batch is applied: what was compiled without knowing of it must not be served afterwards. */
  readonly beforeApply: (batch: MicroBatch<EventFact>) => void;
  /** Told after the batch is applied and before its invalidations are processed. */
  readonly onApplied: (batch: MicroBatch<EventFact>, replay: boolean) => void;
  /** Told after the invalidations are processed; the read point is published when it is done. */
  readonly onInvalidated: (batch: MicroBatch<EventFact>) => Promise<void>;
  /** Told after the invalidations are processed and the read point is published. */
  readonly onPublished: (batch: MicroBatch<EventFact>) => void;
  /** Told after events were set aside and before a read point beyond them is published. */
  readonly onSetAside: () => Promise<void>;
  /** Told how long each batch with events took, in milliseconds. */
  readonly took: (milliseconds: number) => void;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** Keeps the warehouse from the log: apply commits, then caches are invalidated, then the new `complete_to` is published. */
export const startWarehouseProjection = async (options: WarehouseProjectionOptions): Promise<Subscription> => {
  const { eventLog, warehouse, answers, results, published } = options;

  // A batch whose time is over, as after the process stood still, may be applied yet. Read on from before it, its events would
  // come once more within a longer batch, which the warehouse does not know as applied.
  let applying: Promise<unknown> = Promise.resolve();
  const apply = (batch: WarehouseBatch): Promise<void> => {
    const applied = warehouse.apply(batch);
    applying = applied.catch(() => undefined);
    return applied;
  };

  const invalidate = ({ events, tick }: MicroBatch<EventFact>, replay: boolean): void => {
    const changes = events.flatMap(replay ? anyChange : cacheChange);
    if (changes.length === 0) return;
    // What stood aside comes into answers that were read after its own tick.
    const invalidation = { tick: replay ? Number.POSITIVE_INFINITY : tick, changes };
    answers.invalidate(invalidation);
    results.invalidate(invalidation);
  };

  const applied = async (batch: MicroBatch<EventFact>, replay: boolean): Promise<void> => {
    options.onApplied(batch, replay);
    invalidate(batch, replay);
    await options.onInvalidated(batch);
    if (batch.endOfTick && !replay) published.publish({ tick: batch.tick, position: batch.cursor, completeTo: batch.completeTo });
    options.onPublished(batch);
  };

  const subscription = await eventLog.consumeFacts(
    WAREHOUSE_GROUP,
    async (batch, { replay }) => {
      const begun = options.clock.monotonic();
      options.beforeApply(batch);
      await apply({ ...warehouseBatch(batch), replay });
      try {
        await applied(batch, replay);
      } catch (error) {
        // The warehouse is past the batch, so it is not handed over again: what it would have dropped is not known any more.
        answers.clear();
        results.clear();
        throw error;
      }
      if (batch.events.length > 0) options.took(options.clock.monotonic() - begun);
    },
    {
      instance: options.instance,
      batchSize: BATCH_SIZE,
      cursor: async () => {
        await applying;
        return warehouse.applied().cursor;
      },
      isEnvironmental: options.isEnvironmental,
      onSetAside: options.onSetAside,
    },
  );
  return {
    ...subscription,
    async close() {
      await subscription.close();
      await applying;
    },
  };
};

/** The batch as the warehouse takes it. */
export const warehouseBatch = ({ events, cursor, tick, mark, completeTo, endOfTick }: MicroBatch<EventFact>): WarehouseBatch => ({
  changes: events.flatMap(warehouseChanges),
  cursor,
  tick,
  mark,
  completeTo,
  endOfTick,
});

/** What a warehouse that has applied so much may state. */
export const readPointOf = ({ tick, cursor, completeTo }: AppliedState, fallback: ReadPoint): ReadPoint =>
  cursor === null || completeTo === null ? fallback : { tick, position: cursor, completeTo };

/** A replay changes the past too, which no answer as of then expects of a change: every answer over the type is touched. */
const anyChange = (event: EventFact): CacheChange[] => cacheChange(event).map(({ tag }) => ({ tag }));

const cacheChange = (event: EventFact): CacheChange[] => {
  const change = recordChange(event);
  return change === undefined ? [] : [{ tag: recordTypeTag(event.workspace, change.recordType), change }];
};
