import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogScript, type LogScript, ONE, select, TWO, timeOf, workspaceId } from './testing/log-script.ts';
import { playHistory, randomSteps, rowsOf } from './testing/random-history.ts';
import type { WarehouseHarness } from './testing/warehouse-harness.ts';
import type { Warehouse, WarehouseBatch } from './warehouse.ts';

/** W3, W4 and W5 of `Warehouse`. */
export const historyContract = (makeHarness: () => Promise<WarehouseHarness>): void => {
  describe('history and versions', () => {
    let harness: WarehouseHarness;
    let warehouse: Warehouse;
    let log: LogScript;

    beforeEach(async () => {
      harness = await makeHarness();
      warehouse = await harness.open();
      log = createLogScript();
    });
    afterEach(async () => {
      await warehouse.close();
      await harness.close();
    });

    it('W3: as of any instant, the rows are those that a plain model had then', async () => {
      let workspace = workspaceId(1);
      await fc.assert(
        fc.asyncProperty(randomSteps, async (steps) => {
          workspace = workspaceId(workspace + 1);
          await warehouse.ensureType(workspace, 'visit', [{ name: 'seats', type: 'integer' }]);
          const first = log.tick;
          const { states } = await playHistory(steps, workspace, (batch) => warehouse.apply(batch), log);
          for (const type of ['deal', 'visit']) {
            for (let tick = first - 1; tick < states.length; tick++) {
              const expected = rowsOf(states[tick] ?? new Map(), type);
              for (const asOf of [timeOf(tick), timeOf(tick) + 999n]) {
                expect(await select(warehouse, 'id, version, seats', { workspace, type, asOf })).toEqual(expected);
              }
            }
            const last = states[states.length - 1] ?? new Map();
            expect(await select(warehouse, 'id, version, seats', { workspace, type })).toEqual(rowsOf(last, type));
          }
        }),
        { numRuns: 12 },
      );
    });

    it('W4: a type has records from its first one on, in its workspace alone, also when that one is gone and after a restart', async () => {
      const has = () => [warehouse.hasRecords(ONE, 'deal'), warehouse.hasRecords(ONE, 'user'), warehouse.hasRecords(TWO, 'deal')];
      await warehouse.apply(log.next());
      expect(has()).toEqual([false, false, false]);
      await warehouse.apply(log.next(log.upsert(1, {})));
      await warehouse.apply(log.next(log.remove(1, { version: 2 })));
      expect(has()).toEqual([true, false, false]);
      await warehouse.close();
      warehouse = await harness.open();
      expect(has()).toEqual([true, false, false]);
    });

    it('W4: the version changes exactly with the types and workspaces that a batch changes', async () => {
      await warehouse.ensureType(ONE, 'visit', [{ name: 'seats', type: 'integer' }]);
      const watched = [
        [ONE, ['deal']],
        [ONE, ['user']],
        [ONE, ['visit']],
        [ONE, ['deal', 'user']],
        [TWO, ['deal']],
      ] as const;
      const all = () => watched.map(([workspace, types]) => warehouse.version(workspace, types));
      const changedBy = async (batch: WarehouseBatch) => {
        const before = all();
        await warehouse.apply(batch);
        return all().map((version, at) => version !== before[at]);
      };
      const [deal, user, visit, both, other] = [0, 1, 2, 3, 4].map((at) => watched.map((_, index) => index === at));
      const or = (one: boolean[] = [], two: boolean[] = []) => one.map((value, at) => value || two[at] === true);
      const none = watched.map(() => false);

      const first = log.next(log.upsert(1, {}), log.upsert(2, {}));
      expect(await changedBy(first)).toEqual(or(deal, both));
      expect(await changedBy(first)).toEqual(none);
      expect(await changedBy(log.next())).toEqual(none);
      expect(await changedBy(log.next(log.upsert(11, {}, { type: 'user' })))).toEqual(or(user, both));
      expect(await changedBy(log.next(log.upsert(21, {}, { type: 'visit' })))).toEqual(visit);
      expect(await changedBy(log.next(log.upsert(31, {}, { workspace: TWO })))).toEqual(other);
      // Two parts of one tick are two changes.
      expect(await changedBy(log.part(log.upsert(1, {}, { version: 2 })))).toEqual(or(deal, both));
      expect(await changedBy(log.next(log.upsert(1, {}, { version: 3 })))).toEqual(or(deal, both));
      expect(await changedBy(log.next(log.remove(2, { version: 2 })))).toEqual(or(deal, both));
      // Of two workspaces in one table, one has the record.
      expect(await changedBy(log.next(log.remove(1, { version: 4 }), log.remove(999, { workspace: TWO, version: 2 })))).toEqual(
        or(deal, both),
      );
      expect(await changedBy(log.next(log.remove(999, { version: 2 })))).toEqual(none);
      expect(await changedBy(log.next(log.erase(999)))).toEqual(none);
      expect(await changedBy(log.next(log.erase(2)))).toEqual(or(deal, both));
      expect(await changedBy({ ...log.next(log.upsert(5, {})), replay: true })).toEqual(or(deal, both));
      expect(await changedBy({ ...log.next(log.upsert(5, {})), replay: true })).toEqual(none);

      const last = all();
      await warehouse.close();
      warehouse = await harness.open();
      expect(all()).toEqual(last);
    });

    it('W5: another process is told who holds the warehouse', async () => {
      await expect(harness.openElsewhere()).rejects.toMatchObject({
        code: 'warehouse_in_use',
        message: expect.stringContaining(String(process.pid)),
      });
      await expect(harness.open()).rejects.toMatchObject({ code: 'warehouse_in_use' });
      await warehouse.apply(log.next(log.upsert(1, { name: 'still ours' })));
      await warehouse.close();
      await harness.openElsewhere();
      warehouse = await harness.open();
      expect(await select(warehouse, 'name')).toEqual([{ name: 'still ours' }]);
    });
  });
};
