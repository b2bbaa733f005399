import { createParties } from '@sophia/shared';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogScript, type LogScript, ONE, objectsOf, select } from './testing/log-script.ts';
import type { WarehouseHarness } from './testing/warehouse-harness.ts';
import type { Warehouse } from './warehouse.ts';

/** Takes very much longer than any test waits. */
const ENDLESS = { text: 'select count(*) from range(1000000000000) numbers where hash(range) % 7 = 3', parameters: [] };

/** W2 of `Warehouse`. */
export const queryContract = (makeHarness: () => Promise<WarehouseHarness>): void => {
  describe('query', () => {
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

    const value = async (text: string, ...parameters: (string | number | boolean | bigint | null)[]) =>
      (await warehouse.query({ text, parameters })).values[0]?.[0];

    it('W2: parameters are bound, never text', async () => {
      await warehouse.apply(log.next(log.upsert(1, { name: "x'; drop table deal; --" })));
      const relation = warehouse.relation(ONE, 'deal');
      expect(await value(`select count(*) from ${relation} where name = $1`, "x'; drop table deal; --")).toBe(1);
      expect(await value('select $1::varchar', "'")).toBe("'");
      expect(await value('select $1::double', 0.1)).toBe(0.1);
      expect(await value('select $1::bigint', 2 ** 40)).toBe(2 ** 40);
      expect(await value('select $1::bigint', 2n ** 62n)).toBe(String(2n ** 62n));
      expect(await value('select $1::boolean', true)).toBe(true);
      expect(await value('select $1::varchar', null)).toBe(null);
      expect(await value('select $1::decimal(18, 4)', '12.5')).toBe('12.5000');
    });

    it('W2: only one query is taken, nothing that changes anything', async () => {
      for (const text of [
        'create table t (a integer)',
        'delete from deal',
        'select 1; select 2',
        'checkpoint',
        "copy deal to '/tmp/deal'",
        "select * from read_csv('/etc/passwd')",
        'selec 1',
        'select x',
      ]) {
        await expect(value(text), text).rejects.toMatchObject({ code: 'warehouse_statement_failed' });
      }
      expect(await value('select 1')).toBe(1);
    });

    it('W2: values of every field type come back as they went in', async () => {
      let id = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(rowData, { minLength: 1, maxLength: 20 }), async (rows) => {
          const first = id + 1;
          await warehouse.apply(log.next(...rows.map((data) => log.upsert(++id, data))));
          const relation = warehouse.relation(ONE, 'deal');
          const columns = 'name, amount, seats, discount, renewal, close_date, engaged_at, owner, owner__system, labels, details';
          const found = await warehouse.query({
            text: `select ${columns} from ${relation} where id >= $1 order by id`,
            parameters: [first],
          });
          expect(found.columns.map(({ type }) => type)).toEqual([
            'text',
            'money',
            'integer',
            'number',
            'boolean',
            'date',
            'timestamp',
            'text',
            'text',
            'text_list',
            'json',
          ]);
          expect(objectsOf(found)).toEqual(rows.map(asRead));
        }),
        { numRuns: 30 },
      );
    });

    it('W2: computed values have a canonical form', async () => {
      const cases: [sql: string, type: string, value: unknown][] = [
        ['9007199254740991::hugeint', 'integer', 9007199254740991],
        ['9007199254740992::hugeint', 'integer', '9007199254740992'],
        ['(-5)::tinyint', 'integer', -5],
        ['1.5::float', 'number', 1.5],
        ['sum(0.1::decimal(18, 4))', 'money', '0.1000'],
        ['(-0.05)::decimal(18, 4)', 'money', '-0.0500'],
        ['7::decimal(10, 0)', 'money', '7'],
        ["date '0001-01-01'", 'date', '0001-01-01'],
        ["date '9999-12-31'", 'date', '9999-12-31'],
        ["timestamp '1969-12-31 23:59:59.999999'", 'timestamp', '1969-12-31T23:59:59.999999Z'],
        ["timestamptz '2026-03-01 12:00:00+02'", 'timestamp', '2026-03-01T10:00:00Z'],
        ["timestamp '2026-03-01 12:00:00.5'", 'timestamp', '2026-03-01T12:00:00.5Z'],
        ["['a', null]", 'text_list', ['a', null]],
        ['[1, 2]', 'text_list', ['1', '2']],
        ['\'{"a": [1]}\'::json', 'json', { a: [1] }],
        ["time '10:00:00'", 'text', '10:00:00'],
        ['null', 'integer', null],
      ];
      for (const [sql, type, expected] of cases) {
        const { columns, values } = await warehouse.query({ text: `select ${sql} as value`, parameters: [] });
        expect({ sql, type: columns[0]?.type, value: values[0]?.[0] }).toEqual({ sql, type, value: expected });
      }
    });

    it('W2: a computed value that its type cannot hold is told without the values', async () => {
      for (const sql of [
        'cast(sum(n) as bigint)',
        'sum(n + n)',
        'sum(n * n)',
        'sum(abs(-n - 1))',
        'sum(m + m)',
        'sum(m * m)',
        'sum(cast(x as bigint))',
        'sum(cast(x as decimal(38, 4)))',
        'sum(x * x)',
        'min(-(x * x))',
        'sum(x * x) - sum(x * x)',
      ]) {
        const text = `select ${sql} from (select 9223372036854775807::bigint as n, 99999999999999.9999::decimal(18, 4) as m, 1e300::double as x from range(2))`;
        await expect(warehouse.query({ text, parameters: [] }), sql).rejects.toMatchObject({
          code: 'warehouse_overflow',
          message: 'A value that the query computes is too large for its type.',
        });
      }
    });

    it('W2: results of many chunks are whole, larger ones than asked for are refused', async () => {
      const numbers = { text: 'select range as n from range(10000) order by n', parameters: [] };
      expect((await warehouse.query(numbers)).values[0]).toEqual(Array.from({ length: 10_000 }, (_, at) => at));
      await expect(warehouse.query(numbers, { maxRows: 9_999 })).rejects.toMatchObject({ code: 'result_too_large' });
      expect((await warehouse.query(numbers, { maxRows: 10_000 })).rowCount).toBe(10_000);
      await expect(warehouse.query({ text: 'select * from range(100001)', parameters: [] })).rejects.toMatchObject({
        code: 'result_too_large',
      });
    });

    it('W2: a query ends at its deadline, and its place is free again', async () => {
      const places = Array.from({ length: harness.concurrency.running * 2 }, () => warehouse.query(ENDLESS, { deadline: 50 }));
      for (const query of places) await expect(query).rejects.toMatchObject({ code: 'deadline_exceeded' });
      expect(await value('select 1')).toBe(1);
    });

    it('W2: a query ends when its caller gives up, running or waiting', async () => {
      const stop = new AbortController();
      const queries = Array.from({ length: harness.concurrency.running + 2 }, () => warehouse.query(ENDLESS, { signal: stop.signal }));
      stop.abort(new Error('gone'));
      for (const query of queries) await expect(query).rejects.toThrow('gone');
      await expect(warehouse.query(ENDLESS, { signal: stop.signal })).rejects.toThrow('gone');
      expect(await value('select 1')).toBe(1);
    });

    it('W2: cancelling at any moment leaves a warehouse that answers', async () => {
      await warehouse.apply(log.next(...Array.from({ length: 3_000 }, (_, at) => log.upsert(at + 1, { seats: at }))));
      const relation = warehouse.relation(ONE, 'deal');
      const query = {
        text: `select a.seats % 10 as part, count(*) as pairs from ${relation} a, ${relation} b group by part order by part`,
        parameters: [],
      };
      const whole = await warehouse.query(query);
      await fc.assert(
        fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 15 }), { minLength: 1, maxLength: 5 }), async (delays) => {
          const outcomes = delays.map((milliseconds) => {
            const stop = new AbortController();
            setTimeout(() => stop.abort(new Error('gone')), milliseconds);
            return warehouse.query(query, { signal: stop.signal }).catch((error: Error) => error.message);
          });
          for (const outcome of await Promise.all(outcomes)) {
            // A place stays taken until its query has really ended.
            if (typeof outcome === 'string') expect(outcome).toMatch(/^gone$|calls running/);
            else expect(outcome.values).toEqual(whole.values);
          }
        }),
        { numRuns: 20 },
      );
      expect((await warehouse.query(query)).values).toEqual(whole.values);
    });

    it('W2: a party that has many queries waiting keeps another waiting for none of them', async () => {
      const { running, waiting } = harness.concurrency;
      const many = Array.from({ length: running + waiting - 1 }, () => {
        const stop = new AbortController();
        const gone = expect(warehouse.query(ENDLESS, { signal: stop.signal, party: 'many' })).rejects.toThrow('gone');
        return { stop: () => stop.abort(new Error('gone')), gone };
      });
      const few = warehouse.query({ text: 'select 1', parameters: [] }, { party: 'few' });
      // By then they all run or wait.
      await expect(warehouse.query(ENDLESS, { party: 'many' })).rejects.toMatchObject({ code: 'overloaded' });
      expect((await few).values).toEqual([[1]]);
      for (const { stop } of many) stop();
      await Promise.all(many.map(({ gone }) => gone));
    });

    it('W2: a query of a party that has many waiting keeps nobody waiting who joins it', async () => {
      const { running, waiting } = harness.concurrency;
      const stop = new AbortController();
      const many = Array.from({ length: running + waiting - 2 }, () =>
        expect(warehouse.query(ENDLESS, { signal: stop.signal, party: 'many' })).rejects.toThrow('gone'),
      );
      const parties = createParties('many');
      const shared = warehouse.query({ text: 'select 1', parameters: [] }, { party: parties });
      parties.join('few');
      expect((await shared).values).toEqual([[1]]);
      stop.abort(new Error('gone'));
      await Promise.all(many);
    });

    it('W2: beyond what may run and wait, queries are shed at once', async () => {
      const { running, waiting } = harness.concurrency;
      const stop = new AbortController();
      const admitted = Array.from({ length: running + waiting }, () => warehouse.query(ENDLESS, { signal: stop.signal }));
      await expect(warehouse.query(ENDLESS)).rejects.toMatchObject({ code: 'overloaded' });
      stop.abort(new Error('gone'));
      for (const query of admitted) await expect(query).rejects.toThrow('gone');
    });

    it('W2: what is said to be applied is exactly what the rows show', async () => {
      const text = `select count(*) as rows, coalesce(max(seats), 0) as tick from ${warehouse.relation(ONE, 'deal')}`;
      let isApplying = true;
      const applying = (async () => {
        for (let tick = 1; tick <= 60; tick++)
          await warehouse.apply(log.next(log.upsert(tick, { seats: tick }), log.upsert(tick + 1_000, { seats: tick })));
        isApplying = false;
      })();
      const seen = new Set<number>();
      while (isApplying) {
        const { values, applied } = await warehouse.query({ text, parameters: [] });
        expect(values).toEqual([[applied.tick * 2], [applied.tick]]);
        seen.add(applied.tick);
      }
      await applying;
      expect(seen.size).toBeGreaterThan(1);
      expect((await select(warehouse, 'id')).length).toBe(120);
    });

    it('W2: closing ends what runs, and later calls are told', async () => {
      const running = warehouse.query(ENDLESS, { deadline: 200 });
      const outcome = running.catch((error: { code: string }) => error.code);
      await warehouse.close();
      expect(await outcome).toBe('deadline_exceeded');
      await expect(warehouse.query(ENDLESS)).rejects.toMatchObject({ code: 'warehouse_unavailable' });
      await expect(warehouse.apply(log.next())).rejects.toMatchObject({ code: 'warehouse_unavailable' });
      await warehouse.close();
    });
  });
};

const day = fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T00:00:00Z'), noInvalidDate: true });
const text = fc.string({ unit: 'grapheme', maxLength: 30 }).filter((value) => value.isWellFormed());
const maybe = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(values, { nil: null });

const rowData = fc.record({
  name: maybe(text),
  amount: maybe(
    fc
      .tuple(fc.bigInt({ min: -99_999_999_999_999n, max: 99_999_999_999_999n }), fc.integer({ min: 0, max: 9_999 }))
      .map(([whole, fraction]) => `${whole}.${String(fraction).padStart(4, '0')}`),
  ),
  seats: maybe(
    fc
      .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
      .map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : String(value))),
  ),
  discount: maybe(fc.double({ noNaN: true, noDefaultInfinity: true })),
  renewal: maybe(fc.boolean()),
  close_date: maybe(day.map((value) => value.toISOString().slice(0, 10))),
  engaged_at: maybe(
    fc.tuple(day, fc.integer({ min: 0, max: 999 })).map(([value, micros]) =>
      value
        .toISOString()
        .replace('Z', `${String(micros).padStart(3, '0')}Z`)
        .replace(/\.?0+Z$/, 'Z'),
    ),
  ),
  owner: maybe(fc.oneof(text, fc.record({ source_system: text, source_id: text }))),
  labels: maybe(fc.array(text, { maxLength: 4 })),
  details: maybe(
    fc.oneof(fc.dictionary(text, fc.oneof(text, fc.integer(), fc.boolean())), fc.array(fc.integer()), text, fc.integer(), fc.boolean()),
  ),
});

type RowData = typeof rowData extends fc.Arbitrary<infer T> ? T : never;

const asRead = ({ owner, ...data }: RowData) => ({
  ...data,
  owner: typeof owner === 'object' && owner !== null ? owner.source_id : owner,
  owner__system: owner === null ? null : typeof owner === 'string' ? 'crm' : owner.source_system,
});
