import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../database.ts';
import type { DatabaseHarness } from './database-harness.ts';

/** What values are on their way in and out. */
export function valueContract(harness: () => DatabaseHarness): void {
  describe('values', () => {
    let app: Database;
    beforeAll(async () => {
      app = await harness().open('app');
    });
    const one = async (expression: string, ...values: unknown[]): Promise<unknown> => {
      const rows = await app.select<{ value: unknown }>(
        [],
        { name: `value ${expression}`.slice(0, 63), text: `select ${expression} as value` },
        values,
      );
      return rows[0]?.value;
    };

    test.each([
      ['1::int4', 1],
      ['2::int2', 2],
      ['9223372036854775807::int8', '9223372036854775807'],
      ['12.3400::numeric', '12.3400'],
      ['0.1::float8', 0.1],
      [`'infinity'::float8`, Number.POSITIVE_INFINITY],
      ['true', true],
      ['false', false],
      ['null::text', null],
      [`'text'::text`, 'text'],
      [`'\\x00ff'::bytea`, Buffer.from([0, 255])],
      [`'{"a": [1, null]}'::jsonb`, { a: [1, null] }],
      [`'[1]'::json`, [1]],
      [`'2026-11-21'::date`, '2026-11-21'],
      [`'2026-11-21 05:31:38.123456+00'::timestamptz`, '2026-11-21T05:31:38.123456Z'],
      [`'2026-11-21 05:31:38.1+02'::timestamptz`, '2026-11-21T03:31:38.100000Z'],
      [`'2026-11-21 05:31:38+00'::timestamptz`, '2026-11-21T05:31:38.000000Z'],
      [`'infinity'::timestamptz`, 'infinity'],
      [`'0044-03-15 12:00:00+00 BC'::timestamptz`, '0044-03-15 12:00:00+00 BC'],
      [`'7'::xid8`, '7'],
      [`'16/B374D848'::pg_lsn`, '16/B374D848'],
      [`array[1, null]::int4[]`, [1, null]],
      [`array[9007199254740993]::int8[]`, ['9007199254740993']],
      [`array['a', null, 'b "c" \\ ,', '', 'NULL']`, ['a', null, 'b "c" \\ ,', '', 'NULL']],
      [`array['{"a":1}'::jsonb]`, [{ a: 1 }]],
      [`'{}'::text[]`, []],
      [`array[true, false]`, [true, false]],
      [`array['2026-11-21 00:00:00+00'::timestamptz]`, ['2026-11-21T00:00:00.000000Z']],
      [`array['\\xff'::bytea]`, [Buffer.from([255])]],
      [`'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid`, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
    ])('%s is read as it is promised', async (expression, value) => {
      expect(await one(expression)).toEqual(value);
    });

    test.each([
      ['$1::text', 'it is "quoted" \\ ✓'],
      ['$1::int4', 7],
      ['$1::int8', '9223372036854775807'],
      ['$1::bool', true],
      ['$1::bool', false],
      ['$1::jsonb', { a: 'ä', b: [1] }],
      ['$1::bytea', Buffer.from([0, 1, 255])],
      ['$1::text', null],
      ['$1::text[]', ['a"b', 'c\\d', '', 'null', null, '{x}']],
      ['$1::int4[]', [1, null, 2]],
      ['$1::bytea[]', [Buffer.from([1, 2])]],
      ['$1::jsonb[]', [{ a: 'x "y"' }]],
      ['$1::bool[]', [true, false]],
      ['$1::int4[]', []],
    ])('a parameter of %s arrives as it was', async (expression, value) => {
      expect(await one(expression, value)).toEqual(value);
    });

    test('other forms of parameters arrive too', async () => {
      expect(await one('$1::int8', 9_007_199_254_740_993n)).toBe('9007199254740993');
      expect(await one('$1::timestamptz', new Date('2026-11-21T05:31:38.123Z'))).toBe('2026-11-21T05:31:38.123000Z');
      expect(await one('$1::bytea', new Uint8Array([1, 2]))).toEqual(Buffer.from([1, 2]));
      expect(await one('$1::text', undefined)).toBeNull();
      expect(await one('($1::int4[])[2][1]', [[1], [2]])).toBe(2);
    });

    test('any texts come back as they went, alone and in arrays', async () => {
      const text = fc.string({ unit: 'binary' }).map((value) => value.replaceAll('\u0000', '').toWellFormed());
      const statement = { name: 'echo', text: 'select $1::text as one, $2::text[] as many' };
      await fc.assert(
        fc.asyncProperty(text, fc.array(fc.option(text)), async (single, many) => {
          expect(await app.select([], statement, [single, many])).toEqual([{ one: single, many }]);
        }),
        { numRuns: 200, seed: 5 },
      );
    });

    test('a large value goes in and out, and a small one after it', async () => {
      const large = 'aä✓😀'.repeat(500_000);
      expect(await one('$1::text', large)).toBe(large);
      expect(await one('$1::text', 'small')).toBe('small');
    });

    test('what cannot be bound or told apart is refused before it is sent, and harms nobody else', async () => {
      const echo = { name: 'echo_any', text: 'select $1::text as value', quick: true };
      const [good, bad] = await Promise.allSettled([app.select([], echo, ['good']), app.select([], echo, [() => 'a function'])]);
      expect(good).toMatchObject({ status: 'fulfilled', value: [{ value: 'good' }] });
      expect(bad).toMatchObject({ status: 'rejected', reason: { message: expect.stringContaining('A function cannot be bound') } });
      await expect(app.select([], { name: 'x'.repeat(64), text: 'select 1' })).rejects.toThrow('1 to 63 bytes');
      await expect(app.select([], { name: 'many', text: 'select 1' }, new Array(65_536).fill(1))).rejects.toThrow('at most 65535');
      const narrow = await harness().open('app', { pool: { minimum: 1, maximum: 1 } });
      await narrow.select([], { name: 'same', text: 'select 1' });
      await expect(narrow.select([], { name: 'same', text: 'select 2' })).rejects.toThrow('Two statements are called same');
      const twins = [1, 2].map((value) => narrow.select([], { name: 'twin', text: `select ${value} as value`, quick: true }));
      expect(await Promise.allSettled(twins)).toMatchObject([
        { status: 'fulfilled', value: [{ value: 1 }] },
        { status: 'rejected', reason: { message: expect.stringContaining('Two statements are called twin') } },
      ]);
    });

    test('a failing read tells its statement, and those that shared its round trip are answered', async () => {
      const divide = { name: 'divide', text: 'select 10 / $1::int as value', quick: true };
      const answers = await Promise.allSettled([5, 0, 2].map((by) => app.select([], divide, [by])));
      expect(answers).toMatchObject([
        { status: 'fulfilled', value: [{ value: 2 }] },
        {
          status: 'rejected',
          reason: { code: 'database_error', details: { sql_state: '22012' }, message: expect.stringContaining('divide') },
        },
        { status: 'fulfilled', value: [{ value: 5 }] },
      ]);
    });

    test('reads by key that wait at the same moment give each its own, also where one of the keys is none', async () => {
      const keyed = {
        name: 'by_key',
        text: `select id, id * $1::int as times from generate_series(1, 100) as id where id = any ($2::int[]) order by id`,
        quick: true,
        keyed: { value: 1, column: 'id' },
      };
      const keys = Array.from({ length: 120 }, (_, index) => index + 1);
      const answers = await Promise.all(keys.map((key) => app.select([], keyed, [key % 3, key])));
      expect(answers).toEqual(keys.map((key) => (key > 100 ? [] : [{ id: key, times: key * (key % 3) }])));
      const [one, none, other] = await Promise.allSettled([1, 'none', 2].map((key) => app.select([], keyed, [5, key])));
      expect([one, other]).toMatchObject([{ value: [{ times: 5 }] }, { value: [{ times: 10 }] }]);
      expect(none).toMatchObject({ status: 'rejected', reason: { code: 'database_error', details: { sql_state: '22P02' } } });
    });

    test('a statement without rows, without text, or that failed when it was new works like any other', async () => {
      expect(await app.select([], { name: 'nothing', text: '' })).toEqual([]);
      const failing = { name: 'fails_when_new', text: 'select 10 / $1::int as value' };
      await expect(app.select([], failing, [0])).rejects.toMatchObject({ code: 'database_error' });
      expect(await app.select([], failing, [5])).toEqual([{ value: 2 }]);
      const { value } = await app.write([], async (transaction) => [
        await app.query(transaction, { name: 'temporary', text: 'create temporary table passing (a int) on commit drop' }),
        await app.query(transaction, { name: 'fill', text: 'insert into passing values (1), (2)' }),
        await app.query(transaction, { name: 'fill_back', text: 'insert into passing values (3) returning a' }),
      ]);
      expect(value).toEqual([[], [], [{ a: 3 }]]);
    });

    test('of passing statements a connection keeps those used last, and each works at any time', async () => {
      const narrow = await harness().open('app', { pool: { minimum: 1, maximum: 1 } });
      const text = (value: number): string => `select ${value} as value -- ${'-'.repeat(10_000)}`;
      const passing = (value: number) => ({ name: `passing_${value}`, text: text(value), passing: true });
      const ask = (value: number) => narrow.select([], passing(value));
      const kept = async (): Promise<unknown[]> =>
        (
          await narrow.select<{ name: string }>([], {
            name: 'kept',
            text: `select name from pg_prepared_statements where name like 'passing%' order by prepare_time`,
          })
        ).map(({ name }) => name);
      for (let value = 0; value < 6; value++) expect(await ask(value)).toEqual([{ value }]);
      expect(await kept()).toEqual([0, 1, 2, 3, 4, 5].map((value) => `passing_${value}`));
      // The first is used again, so the second is the one that goes.
      await ask(0);
      expect(await ask(6)).toEqual([{ value: 6 }]);
      expect(await kept()).toEqual([0, 2, 3, 4, 5, 6].map((value) => `passing_${value}`));
      expect(await ask(1)).toEqual([{ value: 1 }]);
      expect(await kept()).toEqual([0, 3, 4, 5, 6, 1].map((value) => `passing_${value}`));
      // One that fails closes none, and is closed like any other.
      const failing = { name: 'passing_failing', text: `select 1 / $1::int as value -- ${'-'.repeat(10_000)}`, passing: true };
      await expect(narrow.select([], failing, [0])).rejects.toMatchObject({ code: 'database_error' });
      expect(await kept()).toEqual(expect.arrayContaining([0, 3, 4, 5, 6, 1].map((value) => `passing_${value}`)));
      for (const value of [0, 1, 2, 3, 4, 5, 6, 7]) expect(await ask(value)).toEqual([{ value }]);
      expect(await narrow.select([], failing, [1])).toEqual([{ value: 1 }]);
      expect(await kept()).toHaveLength(6);
      // All of one batch stay, however long.
      await narrow.write([], (transaction) =>
        Promise.all([8, 9, 10, 11, 12, 13, 14, 15].map((value) => narrow.query(transaction, passing(value)))),
      );
      expect(await kept()).toEqual(expect.arrayContaining([8, 9, 10, 11, 12, 13, 14, 15].map((value) => `passing_${value}`)));
    });

    test('sessions run in UTC, without JIT', async () => {
      expect(await one(`current_setting('TimeZone')`)).toBe('UTC');
      expect(await one(`current_setting('jit')`)).toBe('off');
      expect(await one(`current_setting('application_name')`)).toBe('sophia-app');
    });

    test('a transaction that has ended takes no more statements', async () => {
      const echo = { name: 'echo_any', text: 'select $1::text as value' };
      const { value: ended } = await app.write([], async (transaction) => transaction);
      await expect(app.query(ended, echo, ['late'])).rejects.toMatchObject({ message: expect.stringContaining('has ended') });
      await expect(app.copyInto(ended, { table: 'any', columns: [] }, [])).rejects.toMatchObject({
        message: expect.stringContaining('has ended'),
      });
      await expect(app.query({} as typeof ended, echo)).rejects.toThrow('not one of the PostgreSQL adapter');
    });
  });
}
