import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { CopyTarget, Database } from '../database.ts';
import type { DatabaseHarness } from './database-harness.ts';
import { workspace } from './things.ts';

/** D5: bulk data goes in by binary COPY. */
export function copyContract(harness: () => DatabaseHarness): void {
  describe('D5', () => {
    let app: Database;
    const target: CopyTarget = {
      table: 'Staging "area"',
      columns: [
        { name: 'small', type: 'int4' },
        { name: 'large', type: 'int8' },
        { name: 'real', type: 'float8' },
        { name: 'flag', type: 'bool' },
        { name: 'words', type: 'text' },
        { name: 'bytes', type: 'bytea' },
        { name: 'json', type: 'jsonb' },
        { name: 'at', type: 'timestamptz' },
        { name: 'day', type: 'date' },
        { name: 'transaction', type: 'xid8' },
        { name: 'money', type: 'numeric' },
      ],
    };
    const create = {
      name: 'create_staging',
      text: `create temporary table "Staging ""area""" (line int generated always as identity, small int4, large int8, real float8, flag bool,
        words text, bytes bytea, json jsonb, at timestamptz, day date, transaction xid8, money numeric) on commit drop`,
    };
    const names = target.columns.map(({ name }) => name).join(', ');
    const readBack = { name: 'read_staging', text: `select ${names} from "Staging ""area""" order by line` };

    const copy = async (rows: Parameters<Database['copyInto']>[2]) =>
      app.write([workspace(1)], async (transaction) => {
        await app.query(transaction, create);
        const count = await app.copyInto(transaction, target, rows);
        return { count, rows: (await app.query(transaction, readBack)).map((row) => Object.values(row)) };
      });

    beforeAll(async () => {
      app = await harness().open('app', { pool: { minimum: 1, maximum: 2 }, faulty: true });
    });

    test('D5: every value arrives as it was, whatever it is', async () => {
      const text = fc.string({ unit: 'grapheme', maxLength: 200 }).map((value) => value.replaceAll('\u0000', ''));
      const instant = fc.bigInt({ min: -62_135_596_800_000_000n, max: 253_402_300_799_999_999n });
      const day = fc
        .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
        .map((date) => date.toISOString().slice(0, 10));
      const decimal = fc
        .tuple(fc.boolean(), fc.bigInt({ min: 0n, max: 10n ** 30n }), fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: 20 }))
        .map(
          ([negative, whole, fraction]) =>
            `${negative && (whole > 0n || /[1-9]/.test(fraction)) ? '-' : ''}${whole}${fraction && '.'}${fraction}`,
        );
      const row = fc.tuple(
        fc.option(fc.integer()),
        fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
        fc.option(fc.double({ noNaN: true })),
        fc.option(fc.boolean()),
        fc.option(text),
        fc.option(fc.uint8Array({ maxLength: 50 })),
        fc.option(fc.object({ key: text, values: [text, fc.integer(), fc.boolean(), fc.constant(null)] })),
        fc.option(instant),
        fc.option(day),
        fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
        fc.option(decimal),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(row, { maxLength: 30 }), async (rows) => {
          const sent = rows.map((values) => values.map((value, index) => (index === 6 && value !== null ? JSON.stringify(value) : value)));
          const back = await copy(sent);
          expect(back.value.count).toBe(rows.length);
          expect(back.value.rows).toEqual(rows.map(expected));
        }),
        { numRuns: 40, seed: 11 },
      );
    });

    test('D5: large values and many rows arrive', async () => {
      const large = 'ä'.repeat(3_000_000);
      async function* rows() {
        for (let line = 0; line < 20_000; line++)
          yield [line, null, null, null, line === 7 ? large : `row ${line}`, null, null, null, null, null, null];
      }
      const { value } = await copy(rows());
      expect(value.count).toBe(20_000);
      expect(value.rows[7]?.[4]).toBe(large);
      expect(value.rows[19_999]?.slice(0, 5)).toEqual([19_999, null, null, null, 'row 19999']);
    });

    test('D5: rows are taken no quicker than the server takes them', async () => {
      let taken = 0;
      const filler = 'x'.repeat(10_000);
      function* rows() {
        for (; taken < 20_000; taken++) {
          if (taken === 100) harness().faults.stall();
          yield [taken, null, null, null, filler, null, null, null, null, null, null];
        }
      }
      const copying = app.write(
        [],
        async (transaction) => {
          await app.query(transaction, create);
          return app.copyInto(transaction, target, rows());
        },
        { deadline: 1_500 },
      );
      await expect(copying).rejects.toMatchObject({ code: 'deadline_exceeded' });
      // 200 MB wait to be taken; buffers on the way hold a few of them.
      expect(taken).toBeLessThan(2_000);
      harness().faults.resume();
    });

    test('D5: a source that fails undoes the transaction, and its error is told', async () => {
      function* rows() {
        yield [1];
        throw new Error('the source is gone');
      }
      await expect(copy(rows())).rejects.toThrow(new Error('the source is gone'));
      expect((await copy([[1]])).value.count).toBe(1);
    });

    test('D5: an error of the source is no lost connection, however it looks', async () => {
      let attempts = 0;
      const broken = app.write([], async (transaction) => {
        attempts++;
        await app.query(transaction, create);
        await app.copyInto(
          transaction,
          target,
          (async function* () {
            yield [1];
            throw Object.assign(new Error('reset'), { code: 'ECONNRESET' });
          })(),
        );
      });
      await expect(broken).rejects.toMatchObject({ code: 'ECONNRESET' });
      expect(attempts).toBe(1);
    });

    test('D5: a value that does not fit its column is named', async () => {
      await expect(copy([[1], ['one']])).rejects.toMatchObject({
        message: expect.stringContaining('Column 1 of a COPY takes int4, found string one'),
      });
    });

    test('D5: what the server refuses is told, and the connection goes on', async () => {
      const refused = app.write([], (transaction) =>
        app.copyInto(transaction, { table: 'nowhere', columns: [{ name: 'a', type: 'int4' }] }, [[1]]),
      );
      await expect(refused).rejects.toMatchObject({ code: 'database_error', details: { sql_state: '42P01' } });
      const badJson = copy([[1, null, null, null, null, null, '{']]);
      await expect(badJson).rejects.toMatchObject({ code: 'database_error', details: { sql_state: '22P02' } });
      expect((await copy([])).value).toEqual({ count: 0, rows: [] });
    });

    test('D5: a COPY is no plain statement', async () => {
      const from = app.write([], async (transaction) => {
        await app.query(transaction, create);
        return app.query(transaction, { name: 'copy_from', text: 'copy "Staging ""area""" from stdin' });
      });
      await expect(from).rejects.toMatchObject({ cause: { message: expect.stringContaining('COPY is not a statement of a batch') } });
      expect(await app.select([], { name: 'copy_to', text: 'copy (select 1) to stdout' })).toEqual([]);
      expect(await app.select([], { name: 'after_copy', text: 'select 1 as one' })).toEqual([{ one: 1 }]);
    });

    test('D5: a COPY whose transaction could not begin is run again with it', async () => {
      let attempts = 0;
      const { value } = await app.write([], async (transaction) => {
        attempts++;
        if (attempts > 1) await app.query(transaction, create);
        else harness().faults.cut();
        return app.copyInto(transaction, target, [[1]]);
      });
      expect(value).toBe(1);
      expect(attempts).toBeGreaterThanOrEqual(2);
    });

    test('D5: a COPY whose connection is cut is run again with its transaction', async () => {
      let attempts = 0;
      const { value } = await app.write([], async (transaction) => {
        attempts++;
        await app.query(transaction, create);
        if (attempts === 1) harness().faults.cut();
        return app.copyInto(transaction, target, [[1], [2]]);
      });
      expect(value).toBe(2);
      expect(attempts).toBeGreaterThanOrEqual(2);
    });
  });
}

/** A row as it is read back. */
function expected(row: readonly unknown[]): unknown[] {
  return row.map((value, index) => {
    if (value === null) return null;
    if (value instanceof Uint8Array) return Buffer.from(value);
    if (index === 7) return isoMicros(value as bigint);
    return typeof value === 'bigint' ? value.toString() : value;
  });
}

function isoMicros(micros: bigint): string {
  const milliseconds = (micros - (((micros % 1_000n) + 1_000n) % 1_000n)) / 1_000n;
  const rest = (((micros % 1_000n) + 1_000n) % 1_000n).toString().padStart(3, '0');
  return `${new Date(Number(milliseconds)).toISOString().slice(0, -1)}${rest}Z`;
}
