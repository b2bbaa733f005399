import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ENDLESS_QUERY } from './testing/endless-query.ts';
import { createLogScript, type LogScript, ONE, select, TWO, versions } from './testing/log-script.ts';
import { cutLog, randomLog } from './testing/random-log.ts';
import type { WarehouseHarness } from './testing/warehouse-harness.ts';
import type { Warehouse, WarehouseBatch, WarehouseRebuild } from './warehouse.ts';

/** W7 of `Warehouse`. */
export const rebuildContract = (makeHarness: () => Promise<WarehouseHarness>): void => {
  describe('rebuild', () => {
    let harness: WarehouseHarness;
    let warehouse: Warehouse;
    let log: LogScript;
    let applied: WarehouseBatch[];

    beforeEach(async () => {
      harness = await makeHarness();
      warehouse = await harness.open();
      log = createLogScript();
      applied = [];
    });
    afterEach(async () => {
      await warehouse.close();
      await harness.close();
    });

    const apply = async (batch: WarehouseBatch) => {
      applied.push(batch);
      await warehouse.apply(batch);
    };
    const replayInto = async (rebuild: WarehouseRebuild) => {
      for (const batch of applied) await rebuild.apply(batch);
    };
    /** Something of everything. */
    const fill = async () => {
      await apply(
        log.next(log.define('visit', [{ name: 'size', type: 'text' }]), log.upsert(1, { name: 'a', amount: '1.5', labels: ['x'] })),
      );
      await apply(log.next(log.upsert(2, { size: 'large' }, { type: 'visit' }), log.upsert(3, { name: 'b' }, { workspace: TWO })));
      await apply(
        log.next(log.define('visit', [{ name: 'size', type: 'integer' }]), log.upsert(2, { size: 5 }, { type: 'visit', version: 2 })),
      );
      await apply(log.next(log.define('deal', [{ name: 'region', type: 'text' }]), log.upsert(1, { region: 'North' }, { version: 2 })));
      await apply(log.part(log.upsert(4, { name: 'd' }), log.upsert(5, { name: 'e' })));
      await apply(log.next(log.remove(4, { version: 2 }), log.erase(5), log.upsert(6, { name: 'Ann' }, { type: 'user' })));
    };

    it('W7: a warehouse made anew from the log equals the old one and takes its place', async () => {
      await fill();
      const before = { digests: await warehouse.digests(), versions: await versions(warehouse, '*'), applied: warehouse.applied() };
      const rebuild = await warehouse.startRebuild();
      await replayInto(rebuild);
      expect(await rebuild.compare()).toEqual([]);
      await rebuild.switchOver();

      expect(warehouse.applied()).toEqual({ ...before.applied, generation: 2 });
      expect(await warehouse.digests()).toEqual(before.digests);
      expect(await versions(warehouse, '*')).toEqual(before.versions);
      expect(warehouse.version(ONE, ['deal'])).toMatch(/^2\./);
      await warehouse.apply(log.next(log.upsert(7, { name: 'after' })));
      await warehouse.close();
      warehouse = await harness.open();
      expect(warehouse.applied()).toMatchObject({ generation: 2 });
      expect((await select(warehouse, 'id')).map(({ id }) => id)).toEqual([1, 5, 7]);
    });

    it('W7: however the log is cut into batches, also where types change between the changes of a record, the warehouse is the same', async () => {
      const known = new Map<number, number>();
      const batches = [log.next(log.define('visit', []))];
      for (const batch of batches) await warehouse.apply(batch);
      await fc.assert(
        fc.asyncProperty(randomLog, async (changes) => {
          const { single, cut } = cutLog(log, known, changes);
          for (const batch of single) await warehouse.apply(batch);
          batches.push(...cut);
          const rebuild = await warehouse.startRebuild();
          try {
            for (const batch of batches) await rebuild.apply(batch);
            expect(await rebuild.compare()).toEqual([]);
          } finally {
            await rebuild.abandon();
          }
        }),
        { numRuns: 5 },
      );
    });

    it('W7: it goes on while the warehouse is used, and takes types and derived tables along', async () => {
      await fill();
      const rebuild = await warehouse.startRebuild();
      await rebuild.ensureType(ONE, 'visit', [{ name: 'size', type: 'text' }]);
      await replayInto(rebuild);
      await warehouse.ensureType(TWO, 'errand', [{ name: 'size', type: 'integer' }]);
      await warehouse.setDerivedTables([
        {
          name: 'rollup_count',
          fingerprint: '1',
          reads: [{ workspace: ONE, recordType: 'deal' }],
          create: [{ text: 'create table rollup_count as select count(*) as n from deal', parameters: [] }],
          refresh: [{ text: 'insert into rollup_count select sum(sign) from changed_deal', parameters: [] }],
        },
      ]);
      await rebuild.takeAlong();
      const late = log.next(log.upsert(8, { name: 'late' }));
      await apply(late);
      await expect(rebuild.compare()).rejects.toMatchObject({ code: 'warehouse_rebuild_refused' });
      await expect(rebuild.switchOver()).rejects.toMatchObject({ code: 'warehouse_rebuild_refused' });
      await rebuild.apply(late);
      expect(rebuild.applied().cursor).toBe(late.cursor);

      let isSwitching = true;
      const switching = rebuild.switchOver().finally(() => {
        isSwitching = false;
      });
      const seen: unknown[] = [];
      while (isSwitching) seen.push((await select(warehouse, 'count(*) over () as n, id, version'))[0]?.n);
      await switching;
      expect(new Set(seen)).toEqual(new Set([3]));
      expect(warehouse.layout(TWO, 'errand')?.table).toBe('x_2_errand');
      await warehouse.apply(log.next(log.upsert(9, {})));
      expect((await warehouse.query({ text: 'select sum(n) from rollup_count', parameters: [] })).values).toEqual([[5]]);
    });

    it('W7: what is applied while both are compared, and while queries finish on the old one, does not wait', async () => {
      await fill();
      const rebuild = await warehouse.startRebuild();
      await replayInto(rebuild);
      const late = log.next(log.upsert(8, { name: 'late' }));
      let applying: Promise<void> | undefined;
      expect(
        await rebuild.compare(() => {
          applying = apply(late);
        }),
      ).toEqual([]);
      await applying;
      await rebuild.apply(late);

      const stop = new AbortController();
      const query = warehouse.query({ text: ENDLESS_QUERY, parameters: [] }, { deadline: 600_000, signal: stop.signal });
      const outcome = expect(query).rejects.toThrow('enough');
      const switched = Promise.withResolvers<void>();
      const switching = rebuild.switchOver(switched.resolve);
      await switched.promise;
      await warehouse.apply(log.next(log.upsert(9, { name: 'later' })));
      expect((await select(warehouse, 'id')).map(({ id }) => id)).toEqual([1, 5, 8, 9]);
      stop.abort(new Error('enough'));
      await outcome;
      await switching;
    });

    it('W7: a difference is found and told by table', async () => {
      await fill();
      const rebuild = await warehouse.startRebuild();
      const [first, ...others] = applied;
      const forged = {
        ...first,
        changes: [...(first?.changes ?? []), log.upsert(90, { name: 'forged' }, { type: 'user', workspace: TWO })],
      } as WarehouseBatch;
      for (const batch of [forged, ...others]) {
        const changes = batch.changes
          .filter((change) => change.kind !== 'upsert' || change.row.id !== '6')
          .map((change) =>
            change.kind === 'upsert' && change.row.id === '3' ? log.upsert(3, { name: 'forged' }, { workspace: TWO }) : change,
          );
        await rebuild.apply({ ...batch, changes });
      }
      const found = await rebuild.compare();
      expect(
        found.map(({ workspace, recordType, part, live, rebuilt }) => [workspace, recordType, part, live?.rows, rebuilt?.rows]),
      ).toEqual([
        [2, 'deal', 'current', 1, 1],
        [1, 'user', 'current', 1, undefined],
        [1, 'user', 'history', 0, undefined],
        [2, 'user', 'current', undefined, 1],
        [2, 'user', 'history', undefined, 0],
      ]);
      await rebuild.abandon();
    });

    it('W7: one at a time; one that is given up leaves nothing', async () => {
      await fill();
      const before = await warehouse.digests();
      const rebuild = await warehouse.startRebuild();
      await expect(warehouse.startRebuild()).rejects.toMatchObject({ code: 'warehouse_rebuild_refused' });
      await replayInto(rebuild);
      await rebuild.abandon();
      await rebuild.abandon();
      for (const late of [
        rebuild.compare(),
        rebuild.takeAlong(),
        rebuild.switchOver(),
        rebuild.apply(log.next()),
        rebuild.ensureType(ONE, 'visit', []),
      ]) {
        await expect(late).rejects.toMatchObject({ code: 'warehouse_rebuild_refused' });
      }
      expect(warehouse.applied().generation).toBe(1);
      expect(await warehouse.digests()).toEqual(before);
      const second = await warehouse.startRebuild();
      expect(second.generation).toBe(2);
      expect(second.applied()).toMatchObject({ cursor: null, generation: 2 });
    });

    it('W7: closing gives a rebuild up that takes types along, and the warehouse in use stays', async () => {
      const types = Array.from({ length: 60 }, (_, index) => log.define(`visit_${index}`, [{ name: 'size', type: 'integer' }]));
      const rebuild = await warehouse.startRebuild();
      await apply(log.next(...types, log.upsert(1, { name: 'a' })));
      const taken = expect(rebuild.takeAlong()).rejects.toMatchObject({ code: 'warehouse_unavailable' });
      await warehouse.close();
      await taken;
      warehouse = await harness.open();
      expect(warehouse.applied()).toMatchObject({ cursor: applied.at(-1)?.cursor, generation: 1 });
    });

    it('W7: closing ends also what finishes on the old warehouse', async () => {
      await fill();
      const rebuild = await warehouse.startRebuild();
      await replayInto(rebuild);
      const ends: string[] = [];
      const query = warehouse.query({ text: ENDLESS_QUERY, parameters: [] }, { deadline: 600_000 });
      const ended = expect(query.finally(() => ends.push('query'))).rejects.toMatchObject({ code: 'warehouse_unavailable' });
      const switched = Promise.withResolvers<void>();
      const switching = rebuild.switchOver(switched.resolve).then(() => ends.push('switch'));
      await switched.promise;
      await warehouse.close();
      expect(ends).toEqual(['query', 'switch']);
      await Promise.all([ended, switching]);
      warehouse = await harness.open();
      expect(warehouse.applied()).toMatchObject({ cursor: applied.at(-1)?.cursor, generation: 2 });
    });

    it('W7: one at a time, also while one that is given up is taken away', async () => {
      await fill();
      const first = await warehouse.startRebuild();
      await replayInto(first);
      const givenUp = first.abandon();
      await expect(warehouse.startRebuild()).rejects.toMatchObject({ code: 'warehouse_rebuild_refused' });
      await givenUp;
      const second = await warehouse.startRebuild();
      await replayInto(second);
      await second.switchOver();
      await warehouse.close();
      warehouse = await harness.open();
      expect(warehouse.applied()).toMatchObject({ cursor: applied.at(-1)?.cursor, generation: 2 });
    });
  });
};
