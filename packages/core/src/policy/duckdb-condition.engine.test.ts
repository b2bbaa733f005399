import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { duckdb } from '../dialects/duckdb.ts';
import { type BoundExpression, type FieldRead, fieldsOf } from '../expression/bound-expression.ts';
import { StatementWriter } from '../sql/statement-writer.ts';
import { writeExpression } from '../sql/write-expression.ts';
import { bindRecordFilter } from './bind-record-filter.ts';
import { evaluateCondition } from './evaluate-condition.ts';
import { arbitraryFilter, arbitraryRecords, readerOf, TEST_TYPES, type TestRecord } from './testing/index.ts';

const COLUMN_TYPES: Readonly<Record<FieldRead['type'], string>> = {
  text: 'varchar',
  integer: 'bigint',
  number: 'double',
  money: 'decimal(18,4)',
  boolean: 'boolean',
  date: 'date',
  timestamp: 'timestamp',
  text_list: 'varchar[]',
  json: 'json',
};
const nameOf = ({ path, field }: FieldRead) => [...path, field.name].join('.');

/** What DuckDB says of each item: over typed columns, one for each field that the condition reads. */
async function judge(connection: Connection, records: readonly TestRecord[], condition: BoundExpression): Promise<(boolean | null)[]> {
  const reads = new Map([...fieldsOf(condition)].map((read) => [nameOf(read), read]));
  const items = records.filter(({ record_type }) => record_type === 'item');
  const columns = [...reads.values()].map((read) => `, ${duckdb.quote(nameOf(read))} ${COLUMN_TYPES[read.type]}`);
  await connection.run(`create or replace temporary table item (number integer${columns.join('')})`);
  for (const [number, item] of items.entries()) {
    const values = [...reads.values()].map((read) => typedValue(readerOf(item, records)(read), read.type));
    await connection.run(`insert into item values (${[String(number), ...values].join(', ')})`);
  }
  const writer = new StatementWriter(duckdb);
  const time = { today: 0, timeZone: 'UTC', weekStart: 'monday' } as Parameters<typeof writeExpression>[1]['time'];
  const column = (name: string) => duckdb.quote(name);
  const sql = writeExpression(condition, { writer, time, field: (read) => column(nameOf(read)), column });
  const { text, parameters } = writer.finish(`select (${sql}) from item order by number`);
  const reader = await connection.runAndReadAll(text, [...parameters]);
  return reader.getRows().map(([value]) => value as boolean | null);
}

type Connection = Awaited<ReturnType<Awaited<ReturnType<typeof DuckDBInstance.create>>['connect']>>;

/** A stored value as the warehouse takes it in; null where it is not of the type. */
function typedValue(value: unknown, type: FieldRead['type']): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;
  if (value === undefined || value === null) return 'null';
  if (type === 'text' && typeof value === 'object' && 'source_id' in value)
    return typedValue(typeof value.source_id === 'string' ? value.source_id : null, type);
  if (type === 'json') return quoted(JSON.stringify(value));
  if (type === 'text_list') return Array.isArray(value) ? `[${value.map((item) => quoted(String(item))).join(', ')}]::varchar[]` : 'null';
  const fits = { text: 'string', number: 'number', boolean: 'boolean', date: 'string', timestamp: 'string', integer: '', money: '' }[type];
  if (typeof value === 'object' || (fits === '' ? typeof value === 'boolean' : typeof value !== fits)) return 'null';
  return `try_cast(${quoted(String(value))} as ${COLUMN_TYPES[type]})`;
}

/** Whole and calendar values only: what a typed column cannot hold is null in it, but stays in the catalog until it is written anew. */
const isTyped = (records: readonly TestRecord[]) =>
  records.every(
    ({ data }) => !['1.5.2', '2017-02-30', '2017-99-99T00:00:00Z', 'x', 7].some((strange) => Object.values(data).includes(strange)),
  );

it('a filter means the same in memory and in DuckDB, in three-valued logic', async () => {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  await fc.assert(
    fc.asyncProperty(arbitraryRecords.filter(isTyped), arbitraryFilter, async (records, filter) => {
      const condition = bindRecordFilter(filter, 'item', { types: TEST_TYPES });
      const items = records.filter(({ record_type }) => record_type === 'item');
      const expected = items.map((record) => evaluateCondition(condition, readerOf(record, records)));
      expect(await judge(connection, records, condition)).toEqual(expected);
    }),
    { numRuns: 200 },
  );
  connection.closeSync();
  instance.closeSync();
});
