import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isEnvironmentalWarehouseError } from './environmental-error.ts';
import { createLogScript, type LogScript, ONE, objectsOf, select, TWO, timeOf, versions } from './testing/log-script.ts';
import type { WarehouseHarness } from './testing/warehouse-harness.ts';
import type { Warehouse } from './warehouse.ts';

/** W1 of `Warehouse`. */
export const applyContract = (makeHarness: () => Promise<WarehouseHarness>): void => {
  describe('apply', () => {
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

    it('W1: rows and cursor come together, and are there after a restart', async () => {
      expect(warehouse.applied()).toEqual({ cursor: null, tick: 0, completeTo: null, generation: 1 });
      const batch = log.next(log.upsert(1, { name: 'One' }), log.upsert(2, { name: 'Two' }));
      await warehouse.apply(batch);
      const applied = { cursor: batch.cursor, tick: 1, completeTo: batch.completeTo, generation: 1 };
      expect(warehouse.applied()).toEqual(applied);

      await warehouse.close();
      warehouse = await harness.open();
      expect(warehouse.applied()).toEqual(applied);
      expect(await select(warehouse, 'id, name')).toEqual([
        { id: 1, name: 'One' },
        { id: 2, name: 'Two' },
      ]);
    });

    it('W1: applying a batch again, or an earlier one, changes nothing', async () => {
      const first = log.next(log.upsert(1, { name: 'One' }));
      const second = log.next(log.upsert(1, { name: 'Uno' }, { version: 2 }), log.upsert(2, { name: 'Two' }));
      await warehouse.apply(first);
      await warehouse.apply(second);
      const before = await warehouse.digests();
      await warehouse.apply(second);
      await warehouse.apply(first);
      expect(await warehouse.digests()).toEqual(before);
      expect(warehouse.applied().cursor).toBe(second.cursor);
    });

    it('W1: a part of a tick moves the cursor, its end states what is complete', async () => {
      await warehouse.apply(log.next());
      const part = log.part(log.upsert(1, { name: 'One' }));
      await warehouse.apply(part);
      expect(warehouse.applied()).toMatchObject({ cursor: part.cursor, tick: 1 });
      await warehouse.apply(part);
      const end = log.next(log.upsert(2, { name: 'Two' }));
      await warehouse.apply(end);
      expect(warehouse.applied()).toMatchObject({ cursor: end.cursor, tick: 2, completeTo: end.completeTo });
      expect(await select(warehouse, 'id')).toEqual([{ id: 1 }, { id: 2 }]);
    });

    it('W1: every version of a record reaches the history, also those within one batch', async () => {
      await warehouse.apply(log.next(log.upsert(1, { name: 'a' })));
      const two = log.tick;
      await warehouse.apply(
        log.next(
          log.upsert(1, { name: 'b' }, { version: 2 }),
          log.upsert(1, { name: 'c' }, { version: 3 }),
          log.upsert(2, { name: 'x' }),
          log.remove(2, { version: 2 }),
          log.upsert(2, { name: 'y' }, { version: 3 }),
          log.upsert(3, { name: 'brief' }),
          log.remove(3, { version: 2 }),
        ),
      );
      const [one, then] = [timeOf(1), timeOf(two)].map((micros) =>
        new Date(Number(micros / 1_000n)).toISOString().replace('.000', '').replace(/0+Z/, 'Z'),
      );
      expect(await versions(warehouse, "id, version, data ->> 'name' as name, valid_from, valid_to")).toEqual([
        { id: 1, version: 1, name: 'a', valid_from: one, valid_to: then },
        { id: 1, version: 2, name: 'b', valid_from: then, valid_to: then },
        { id: 1, version: 3, name: 'c', valid_from: then, valid_to: null },
        { id: 2, version: 1, name: 'x', valid_from: then, valid_to: then },
        { id: 2, version: 3, name: 'y', valid_from: then, valid_to: null },
        { id: 3, version: 1, name: 'brief', valid_from: then, valid_to: then },
      ]);
      expect(await select(warehouse, 'id, name')).toEqual([
        { id: 1, name: 'c' },
        { id: 2, name: 'y' },
      ]);
    });

    it('W1: a deleted record leaves the current rows, its last state stays in the history', async () => {
      await warehouse.apply(log.next(log.upsert(1, { name: 'One' }), log.upsert(2, { name: 'Two' })));
      await warehouse.apply(log.next(log.remove(1, { version: 2 })));
      expect(await select(warehouse, 'id')).toEqual([{ id: 2 }]);
      expect(await versions(warehouse, "id, data ->> 'name' as name, valid_to is not null as past")).toEqual([
        { id: 1, name: 'One', past: true },
        { id: 2, name: 'Two', past: false },
      ]);
    });

    it('W1: many rows, together and far apart, are replaced as few are', async () => {
      const ids = Array.from({ length: 5_000 }, (_, at) => at + 1);
      const far = ids.map((id) => id * 100_003);
      await warehouse.apply(log.next(...ids.map((id) => log.upsert(id, { seats: id })), ...far.map((id) => log.upsert(id, { seats: 1 }))));
      await warehouse.apply(
        log.next(
          ...ids.slice(0, 4_000).map((id) => log.upsert(id, { seats: -id }, { version: 2 })),
          ...far.slice(0, 50).map((id) => log.upsert(id, { seats: 2 }, { version: 2 })),
          ...ids.slice(4_500).map((id) => log.remove(id, { version: 2 })),
        ),
      );
      await warehouse.apply(
        log.next(...far.slice(40, 60).map((id) => log.upsert(id, { seats: 3 }, { version: id <= (far[49] ?? 0) ? 3 : 2 }))),
      );
      const sums = `select count(*) as rows, sum(seats) as seats from ${warehouse.relation(ONE, 'deal')}`;
      const seats = ids.reduce((sum, id) => sum + (id <= 4_000 ? -id : id <= 4_500 ? id : 0), 0) + 40 * 2 + 20 * 3 + 4_940;
      expect(objectsOf(await warehouse.query({ text: sums, parameters: [] }))).toEqual([{ rows: 9_500, seats }]);
      const past = await warehouse.query({ text: 'select count(*) from record_versions where valid_to is not null', parameters: [] });
      expect(past.values).toEqual([[4_000 + 50 + 500 + 20]]);
    });

    it('W1: workspaces share a built-in type and see their own records only', async () => {
      await warehouse.apply(log.next(log.upsert(1, { name: 'One' }), log.upsert(2, { name: 'Two' }, { workspace: TWO })));
      await warehouse.apply(log.next(log.upsert(2, { name: 'Deux' }, { workspace: TWO, version: 2 })));
      expect(await select(warehouse, 'name')).toEqual([{ name: 'One' }]);
      expect(await select(warehouse, 'name', { workspace: TWO })).toEqual([{ name: 'Deux' }]);
      expect(await versions(warehouse, 'id', { workspace: TWO })).toEqual([{ id: 2 }, { id: 2 }]);
    });

    it('W1: erasing blanks what is stored, now and in the history, and nothing that comes after', async () => {
      await warehouse.apply(
        log.next(log.upsert(1, { name: 'a', amount: '1', labels: ['x'], unknown: 1 }), log.upsert(2, { name: 'kept' })),
      );
      await warehouse.apply(log.next(log.upsert(1, { name: 'b' }, { version: 2 })));
      await warehouse.apply(
        log.next(log.upsert(3, { name: 'new' }), log.upsert(3, { name: 'newer' }, { version: 2 }), log.erase(1), log.erase(3)),
      );
      expect(await versions(warehouse, "id, version, data ->> 'name' as name, data -> 'extra' as extra")).toEqual([
        { id: 1, version: 1, name: null, extra: null },
        { id: 1, version: 2, name: null, extra: null },
        { id: 2, version: 1, name: 'kept', extra: null },
        { id: 3, version: 1, name: null, extra: null },
        { id: 3, version: 2, name: null, extra: null },
      ]);
      await warehouse.apply(log.next(log.erase(2), log.upsert(2, { name: 'after' }, { version: 2 })));
      expect(await versions(warehouse, "version, data ->> 'name' as name").then((all) => all.slice(2, 4))).toEqual([
        { version: 1, name: null },
        { version: 2, name: 'after' },
      ]);
    });

    it('W1: what no field knows stands in extra', async () => {
      await warehouse.apply(
        log.next(
          log.upsert(1, { name: 'a', colour: 'red', extra: { size: 2 } }),
          log.upsert(2, { extra: { size: 3 } }),
          log.upsert(3, { extra: 'odd', colour: 'blue' }),
        ),
      );
      expect(await select(warehouse, 'extra')).toEqual([
        { extra: { size: 2, colour: 'red' } },
        { extra: { size: 3 } },
        { extra: { colour: 'blue' } },
      ]);
    });

    it('W1: a row that its columns cannot hold exactly is refused by name, and nothing of its batch is applied', async () => {
      const good = log.next(log.upsert(1, { name: 'One' }));
      await warehouse.apply(good);
      const values = {
        name: 1,
        amount: '0.12345',
        seats: 1.5,
        discount: '0.1',
        renewal: 'yes',
        close_date: '2026-02-30',
        engaged_at: '2026-01-01T00:00:00',
        owner: { id: 1 },
        labels: ['a', 1],
      };
      for (const [field, value] of Object.entries(values)) {
        const refused = warehouse.apply(log.next(log.upsert(2, { name: 'Two' }), log.upsert(3, { [field]: value })));
        await expect(refused, field).rejects.toMatchObject({
          code: 'warehouse_row_refused',
          message: expect.stringMatching(`Record 3 .*${field}`),
        });
        await refused.catch((error: unknown) => expect(isEnvironmentalWarehouseError(error)).toBe(false));
      }
      expect(warehouse.applied().cursor).toBe(good.cursor);
      expect(await select(warehouse, 'id')).toEqual([{ id: 1 }]);
      await warehouse.apply(log.next(log.upsert(3, { name: 'Three' })));
      expect(await select(warehouse, 'id, name')).toEqual([
        { id: 1, name: 'One' },
        { id: 3, name: 'Three' },
      ]);
    });

    it('W1: a type without a table is refused', async () => {
      const batch = log.next(log.upsert(1, {}, { type: 'visit' }));
      for (const replay of [false, true]) {
        await expect(warehouse.apply({ ...batch, replay })).rejects.toMatchObject({ code: 'warehouse_type_unknown' });
      }
      expect(() => warehouse.relation(ONE, 'visit')).toThrow(/no table/);
    });

    it('W1: a cursor of another log is refused', async () => {
      await warehouse.apply(log.next());
      await expect(warehouse.apply(createLogScript('log2').next())).rejects.toMatchObject({ code: 'warehouse_of_another_log' });
    });

    it('W1: what stood aside is replayed once, whatever was applied since', async () => {
      const aside = [log.upsert(1, { name: 'a' }), log.upsert(1, { name: 'b' }, { version: 2 })];
      await warehouse.apply(log.next(log.upsert(2, { name: 'x' }), log.upsert(3, { name: 'y' })));
      const gone = [log.remove(2, { version: 2 }), log.upsert(2, { name: 'z' }, { version: 3 })];
      await warehouse.apply(log.next());
      const state = warehouse.applied();
      const replay = { ...log.next(...aside, ...gone, log.remove(3, { version: 2 })), replay: true };
      for (let time = 0; time < 3; time++) await warehouse.apply(replay);
      expect(warehouse.applied()).toEqual(state);
      expect(await select(warehouse, 'id, version, name')).toEqual([
        { id: 1, version: 2, name: 'b' },
        { id: 2, version: 3, name: 'z' },
      ]);
      expect(await versions(warehouse, 'id, version')).toEqual([
        { id: 1, version: 1 },
        { id: 1, version: 2 },
        { id: 2, version: 1 },
        { id: 2, version: 3 },
        { id: 3, version: 1 },
      ]);
      await warehouse.apply({ ...replay, changes: [log.erase(1), log.upsert(4, { name: 'brief' }), log.remove(4, { version: 2 })] });
      expect(await select(warehouse, 'id, name')).toEqual([
        { id: 1, name: null },
        { id: 2, name: 'z' },
      ]);
    });
  });
};
