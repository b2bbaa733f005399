import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogScript, type LogScript, ONE, objectsOf, TWO } from './testing/log-script.ts';
import { playHistory, randomSteps } from './testing/random-history.ts';
import type { WarehouseHarness } from './testing/warehouse-harness.ts';
import type { DerivedTable, Warehouse } from './warehouse.ts';

const statement = (text: string, ...parameters: (string | number | bigint)[]) => ({ text, parameters });

/** Counts and sums of a table by its name, kept by delta. */
const bySeats = (table: string, more: Partial<DerivedTable> = {}): DerivedTable => ({
  name: 'rollup_by_seats',
  fingerprint: '1',
  reads: [
    { workspace: ONE, recordType: 'deal' },
    { workspace: ONE, recordType: 'visit' },
    { workspace: TWO, recordType: 'nowhere' },
  ],
  create: [
    statement('create table rollup_by_seats (seats bigint, records bigint)'),
    statement(`insert into rollup_by_seats select seats, count(*) from ${table} where workspace = $1::integer group by seats`, ONE),
  ],
  refresh: [
    statement(`insert into rollup_by_seats select seats, sum(sign) from changed_${table} where workspace = $1::integer group by seats`, 1n),
  ],
  ...more,
});

/** W6 of `Warehouse`. */
export const derivedContract = (makeHarness: () => Promise<WarehouseHarness>): void => {
  describe('derived tables', () => {
    let harness: WarehouseHarness;
    let warehouse: Warehouse;
    let log: LogScript;

    beforeEach(async () => {
      harness = await makeHarness();
      warehouse = await harness.open();
      log = createLogScript();
      await warehouse.ensureType(ONE, 'visit', [{ name: 'seats', type: 'integer' }]);
    });
    afterEach(async () => {
      await warehouse.close();
      await harness.close();
    });

    const rows = async (text: string) => objectsOf(await warehouse.query({ text, parameters: [] }));
    const kept = () =>
      rows('select seats, sum(records) as records from rollup_by_seats group by seats having sum(records) <> 0 order by seats');
    const raw = (table: string) =>
      rows(`select seats, count(*) as records from ${table} where workspace = 1 group by seats order by seats`);

    it('W6: a table kept by deltas equals what is computed from the records, after any history', async () => {
      for (const table of ['deal', 'x_1_visit']) {
        await warehouse.setDerivedTables([]);
        await warehouse.setDerivedTables([bySeats(table)]);
        await fc.assert(
          fc.asyncProperty(randomSteps, async (steps) => {
            // Ids start anew in each run: what the last one left is deleted first.
            const left = await rows(`select id, version from ${table} where workspace = 1`);
            const type = table === 'deal' ? 'deal' : 'visit';
            await warehouse.apply(
              log.next(...left.map(({ id, version }) => log.remove(Number(id), { type, version: Number(version) + 1 }))),
            );
            await playHistory(
              steps.filter((step) => step.type === type),
              ONE,
              async (batch) => {
                await warehouse.apply(batch);
                expect(await kept()).toEqual(await raw(table));
              },
              log,
            );
          }),
          { numRuns: 4 },
        );
        expect(warehouse.derivedTables()).toEqual([{ name: 'rollup_by_seats', fingerprint: '1' }]);
      }
    });

    it('W6: erased rows leave it as they were, and come back blank', async () => {
      await warehouse.setDerivedTables([bySeats('deal')]);
      await warehouse.apply(log.next(log.upsert(1, { seats: 1 }), log.upsert(2, { seats: 2 })));
      await warehouse.apply(log.next(log.erase(1)));
      expect(await kept()).toEqual([
        { seats: 2, records: 1 },
        { seats: null, records: 1 },
      ]);
      await warehouse.apply(log.next(log.erase(2), log.upsert(2, { seats: 4 }, { version: 2 })));
      expect(await kept()).toEqual(await raw('deal'));
    });

    it('W6: added fields are in the changes of their own table', async () => {
      await warehouse.ensureType(ONE, 'deal', [{ name: 'region', type: 'text' }]);
      const byRegion: DerivedTable = {
        ...bySeats('deal'),
        name: 'rollup_by_region',
        create: [statement('create table rollup_by_region (region varchar, records bigint)')],
        refresh: [statement('insert into rollup_by_region select region, sum(sign) from changed_x_1_deal group by region')],
      };
      await warehouse.setDerivedTables([byRegion]);
      await warehouse.apply(log.next(log.upsert(1, { region: 'North' }), log.upsert(2, { region: 'South' })));
      await warehouse.apply(log.next(log.upsert(2, { region: 'North' }, { version: 2 })));
      expect(
        await rows('select region, sum(records) as records from rollup_by_region group by region having sum(records) <> 0 order by region'),
      ).toEqual([{ region: 'North', records: 2 }]);
    });

    it('W6: a batch may define a field between changes of the rows that are counted', async () => {
      const visit = (version: number) => ({ type: 'visit', version });
      await warehouse.setDerivedTables([bySeats('x_1_visit')]);
      await warehouse.apply(log.next(log.upsert(1, { seats: 1 }, visit(1)), log.upsert(2, { seats: 2 }, visit(1))));
      await warehouse.apply(
        log.next(
          log.upsert(1, { seats: 3 }, visit(2)),
          log.erase(2, { type: 'visit' }),
          log.define('visit', [
            { name: 'seats', type: 'integer' },
            { name: 'place', type: 'text' },
          ]),
          log.upsert(1, { seats: 4, place: 'Oslo' }, visit(3)),
          log.upsert(3, { seats: 4 }, visit(1)),
        ),
      );
      expect(await kept()).toEqual([
        { seats: 4, records: 2 },
        { seats: null, records: 1 },
      ]);
      expect(warehouse.derivedTables()).toEqual([{ name: 'rollup_by_seats', fingerprint: '1' }]);
    });

    it('W6: where the one type changed alone that has statements for it, these are run, and else those for all', async () => {
      const noted: DerivedTable = {
        name: 'rollup_noted',
        fingerprint: '1',
        reads: [
          { workspace: ONE, recordType: 'deal' },
          { workspace: ONE, recordType: 'visit' },
        ],
        create: [statement('create table rollup_noted (how varchar, changes bigint)')],
        refresh: [
          statement(
            "insert into rollup_noted select 'all', (select count(*) from changed_deal) + (select count(*) from changed_x_1_visit)",
          ),
        ],
        refreshAlone: {
          recordType: 'deal',
          statements: [statement("insert into rollup_noted select 'alone', count(*) from changed_deal")],
        },
      };
      await warehouse.setDerivedTables([noted]);
      const visit = { type: 'visit' };
      await warehouse.apply(log.next(log.upsert(1, { seats: 1 }), log.upsert(2, { seats: 2 })));
      await warehouse.apply(log.next(log.upsert(3, { seats: 1 }, visit)));
      await warehouse.apply(log.next(log.upsert(1, { seats: 2 }, { version: 2 }), log.upsert(4, { seats: 1 }, visit)));
      expect(await rows('select * from rollup_noted')).toEqual([
        { how: 'alone', changes: 2 },
        { how: 'all', changes: 1 },
        { how: 'all', changes: 3 },
      ]);
    });

    it('W6: one that cannot be refreshed is dropped and told, the rows and the others go on', async () => {
      const broken: DerivedTable = {
        name: 'rollup_broken',
        fingerprint: '1',
        reads: [{ workspace: ONE, recordType: 'deal' }],
        create: [statement('create table rollup_broken (n tinyint)')],
        refresh: [statement('insert into rollup_broken select (sum(sign) * 1000)::tinyint from changed_deal')],
      };
      await warehouse.setDerivedTables([bySeats('deal'), broken]);
      await warehouse.apply(log.next(log.upsert(1, { seats: 1 })));
      expect(warehouse.derivedTables()).toEqual(
        [
          { name: 'rollup_broken', fingerprint: '1', error: expect.stringContaining('rollup_broken: Conversion Error') },
          { name: 'rollup_by_seats', fingerprint: '1' },
        ].sort((one, other) => (one.name === 'rollup_broken' ? 1 : -1) - (other.name === 'rollup_broken' ? 1 : -1)),
      );
      expect(await kept()).toEqual([{ seats: 1, records: 1 }]);
      await expect(rows('select * from rollup_broken')).rejects.toMatchObject({ code: 'warehouse_statement_failed' });

      const mended = { ...broken, fingerprint: '2', refresh: [statement('insert into rollup_broken select sum(sign) from changed_deal')] };
      await warehouse.setDerivedTables([bySeats('deal'), mended]);
      await warehouse.apply(log.next(log.upsert(2, { seats: 1 })));
      expect(await rows('select * from rollup_broken')).toEqual([{ n: 1 }]);
    });

    it('W6: one that cannot be made is told, and is not tried again until it is defined otherwise', async () => {
      const broken: DerivedTable = { ...bySeats('deal'), create: [statement('create table rollup_by_seats as select * from nowhere')] };
      for (let time = 0; time < 2; time++) {
        await warehouse.setDerivedTables([broken]);
        expect(warehouse.derivedTables()).toMatchObject([{ fingerprint: '1', error: expect.stringContaining('nowhere') }]);
      }
      await warehouse.apply(log.next(log.upsert(1, { seats: 1 })));
      await warehouse.setDerivedTables([bySeats('deal', { fingerprint: '2' })]);
      expect(await kept()).toEqual([{ seats: 1, records: 1 }]);
    });

    it('W6: they are kept after a restart before anyone asks for them, and dropped when nobody does', async () => {
      await warehouse.setDerivedTables([bySeats('deal')]);
      await warehouse.close();
      warehouse = await harness.open();
      await warehouse.apply(log.next(log.upsert(1, { seats: 1 })));
      expect(await kept()).toEqual([{ seats: 1, records: 1 }]);
      await warehouse.setDerivedTables([bySeats('deal')]);
      expect(await kept()).toEqual([{ seats: 1, records: 1 }]);
      await warehouse.setDerivedTables([]);
      expect(warehouse.derivedTables()).toEqual([]);
      await expect(kept()).rejects.toMatchObject({ code: 'warehouse_statement_failed' });
    });

    it('W6: those of one workspace are made, kept and dropped without those of others', async () => {
      const ofTwo: DerivedTable = {
        ...bySeats('deal'),
        name: 'rollup_of_two',
        reads: [{ workspace: TWO, recordType: 'deal' }],
        create: [statement('create table rollup_of_two as select 1 as one')],
        refresh: [],
      };
      const names = () => warehouse.derivedTables().map(({ name }) => name);
      await warehouse.setDerivedTables([{ ...bySeats('deal'), reads: [{ workspace: ONE, recordType: 'deal' }] }], ONE);
      await warehouse.setDerivedTables([ofTwo], TWO);
      expect(names().sort()).toEqual(['rollup_by_seats', 'rollup_of_two']);
      await warehouse.setDerivedTables([], TWO);
      expect(names()).toEqual(['rollup_by_seats']);
      await warehouse.apply(log.next(log.upsert(1, { seats: 1 })));
      expect(await kept()).toEqual([{ seats: 1, records: 1 }]);
    });

    it('W6: they take no names of others', async () => {
      for (const name of ['deal', 'rollup', 'rollup_"x"', `rollup_${'a'.repeat(120)}`]) {
        await expect(warehouse.setDerivedTables([{ ...bySeats('deal'), name }]), name).rejects.toMatchObject({
          code: 'warehouse_layout_refused',
        });
      }
    });
  });
};
