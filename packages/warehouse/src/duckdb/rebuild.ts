import { SophiaError } from '@sophia/shared';
import type { WarehouseRebuild } from '../warehouse.ts';
import { differences } from './digests.ts';
import { isApplied } from './position.ts';
import type { Store } from './store.ts';

export interface RebuildOptions {
  /** The store in use. */
  readonly live: () => Store;
  /** The store that is to take its place, empty. */
  readonly next: Store;
  /** Makes `next` the store in use, durably and at once. */
  readonly use: () => Promise<void>;
  /** Takes away the store that is no longer needed: the one that was in use, or `next`. */
  readonly discard: (store: Store) => Promise<void>;
}

export function createRebuild({ live, next, use, discard }: RebuildOptions): WarehouseRebuild {
  let isEnded = false;
  let switching: Promise<void> | undefined;
  /** Set when `next` is being made the one in use: nothing takes that back. */
  let isUsing = false;

  const refuse = (message: string): never => {
    throw new SophiaError('warehouse_rebuild_refused', message);
  };
  const checkOpen = () => (isEnded ? refuse('This rebuild has ended.') : undefined);

  /** Types that only the live warehouse was told of, and its derived tables. */
  const takeAlong = async (): Promise<void> => {
    const { layouts, derived } = live().meta();
    for (const { workspace, recordType, fields } of layouts.values()) {
      const defined = fields.filter((field) => field.defined).map(({ definition }) => definition);
      if (workspace !== null) await next.ensureType(workspace, recordType, defined);
    }
    await next.setDerivedTables([...derived.values()].map(({ definition }) => definition));
  };

  const switchOver = async (onSwitched: (() => void) | undefined): Promise<void> => {
    // What takes long is done before everything waits.
    await takeAlong();
    const old = live();
    await old.handOver(async ({ applied: { cursor } }) => {
      const reached = next.meta().applied.cursor;
      if (cursor !== null && !isApplied(cursor, reached)) {
        refuse(`The warehouse has applied up to ${cursor}, its rebuild only up to ${reached}.`);
      }
      await takeAlong();
      // It may have been given up while it waited for its turn: then `next` is being taken away.
      checkOpen();
      isUsing = true;
      await use();
      isEnded = true;
    });
    onSwitched?.();
    await discard(old);
  };

  return {
    generation: next.meta().applied.generation,
    applied: () => next.meta().applied,
    async apply(batch) {
      checkOpen();
      await next.apply(batch);
    },
    async ensureType(...args) {
      checkOpen();
      return next.ensureType(...args);
    },
    async takeAlong() {
      checkOpen();
      await takeAlong();
    },
    async compare(onHeld) {
      checkOpen();
      let held = 0;
      const hold = () => {
        held += 1;
        if (held === 2) onHeld?.();
      };
      const [one, other] = await Promise.all([live().digests(hold), next.digests(hold)]);
      if (one.applied.cursor !== other.applied.cursor) {
        refuse(
          `The warehouse has applied up to ${one.applied.cursor}, its rebuild up to ${other.applied.cursor}: they cannot be compared.`,
        );
      }
      return differences(one.tables, other.tables);
    },
    async switchOver(onSwitched) {
      checkOpen();
      switching = switchOver(onSwitched);
      await switching;
    },
    async abandon() {
      // Which of the two is not needed is known when it has ended.
      if (isUsing) await switching?.catch(() => undefined);
      if (isEnded) return;
      isEnded = true;
      await discard(next);
    },
  };
}
