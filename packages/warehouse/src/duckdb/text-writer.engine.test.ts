import { DuckDBDataChunk, DuckDBInstance, VARCHAR } from '@duckdb/node-api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { appendChunks } from './appending.ts';
import { toText } from './column-values.ts';
import { textWriter } from './column-writers.ts';

/** Around the twelve bytes that stand within an item of a vector, in letters of one to four bytes. */
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'b', ' ', '~'), maxLength: 14 }),
  fc.string({ unit: fc.constantFrom('a', 'ä', '漢', '😀'), maxLength: 14 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }).filter((value) => !value.includes('\0')),
);
const column = fc.array(fc.option(text, { freq: 4 }), { minLength: 1, maxLength: 40 });

test('texts come back as they were, and equal what they equal, chunk after chunk of one writer', async () => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const writer = textWriter(toText);
  async function* chunksOf(columns: readonly (readonly (string | null)[])[]): AsyncGenerator<DuckDBDataChunk> {
    for (const values of columns) {
      const chunk = DuckDBDataChunk.create([VARCHAR], values.length);
      writer.begin(chunk, 0);
      for (const [at, value] of values.entries()) {
        if (value === null) writer.putNull(at);
        else expect(writer.put(at, value)).toBe(true);
      }
      writer.end(values.length);
      yield chunk;
    }
  }
  await fc.assert(
    fc.asyncProperty(fc.array(column, { minLength: 1, maxLength: 4 }), async (columns) => {
      await connection.run('create or replace table t (x varchar)');
      // A chunk that was given up leaves nothing behind.
      writer.begin(DuckDBDataChunk.create([VARCHAR], 1), 0);
      writer.put(0, 'given up');
      await appendChunks(connection, ['t'], chunksOf(columns));
      const values = columns.flat();
      expect((await connection.runAndReadAll('select x from t')).getRows().map(([value]) => value)).toEqual(values);
      for (const value of new Set(values)) {
        const { length } = values.filter((other) => other === value);
        const counted = await connection.runAndReadAll('select count(*)::integer from t where x is not distinct from $1::varchar', [value]);
        expect(counted.getRows()).toEqual([[length]]);
      }
      const groups = await connection.runAndReadAll('select count(*)::integer from (select x from t group by x)');
      expect(groups.getRows()).toEqual([[new Set(values).size]]);
    }),
    { numRuns: 40 },
  );
  connection.closeSync();
  instance.closeSync();
});
