import type { Filter, JsonValue } from '@sophia/types';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { duckdb } from '../dialects/duckdb.ts';
import { type BoundExpression, type FieldRead, fieldsOf, type ValueType } from '../expression/bound-expression.ts';
import { UNDECIDED } from '../expression/evaluate.ts';
import { StatementWriter } from '../sql/statement-writer.ts';
import { writeExpression } from '../sql/write-expression.ts';
import { COLUMN_TYPES } from '../testing/test-engine.ts';
import { useDuckdb } from '../testing/use-duckdb.ts';
import { bindRecordFilter } from './bind-record-filter.ts';
import { evaluateCondition } from './evaluate-condition.ts';
import { arbitraryFilter, arbitraryRecords, readerOf, TEST_TYPES, type TestRecord } from './testing/index.ts';
import { typedValue } from './typed-value.ts';

const nameOf = ({ path, field }: FieldRead) => [...path, field.name].join('.');

/** What DuckDB says of each item: over typed columns, one for each field that the condition reads. */
async function judge(records: readonly TestRecord[], condition: BoundExpression): Promise<(boolean | null)[]> {
  const reads = new Map([...fieldsOf(condition)].map((read) => [nameOf(read), read]));
  const items = records.filter(({ record_type }) => record_type === 'item');
  const columns = [...reads.values()].map((read) => `, ${duckdb.quote(nameOf(read))} ${COLUMN_TYPES[read.type]}`);
  await connection().run(`create or replace temporary table item (number integer${columns.join('')})`);
  for (const [number, item] of items.entries()) {
    const values = [...reads.values()].map((read) => warehouseValue(readerOf(item, records)(read), read.type));
    await connection().run(`insert into item values (${[String(number), ...values].join(', ')})`);
  }
  const writer = new StatementWriter(duckdb);
  const time = { today: 0, timeZone: 'UTC', weekStart: 'monday' } as Parameters<typeof writeExpression>[1]['time'];
  const column = (name: string) => duckdb.quote(name);
  const sql = writeExpression(condition, { writer, time, field: (read) => column(nameOf(read)), column });
  const { text, parameters } = writer.finish(`select (${sql}) from item order by number`);
  const reader = await connection().runAndReadAll(text, [...parameters]);
  return reader.getRows().map(([value]) => value as boolean | null);
}

/** A stored value as the warehouse takes it in, or casts it where it is of a type that the field had before. */
function warehouseValue(value: JsonValue | undefined, type: ValueType): string {
  const typed = typedValue(value, type);
  if (typed !== UNDECIDED) return `try_cast(${asSql(typed, type)} as ${COLUMN_TYPES[type]})`;
  const from = typeOf(value);
  return duckdb.safeCast(`cast(${asSql(value, from)} as ${COLUMN_TYPES[from]})`, from, type);
}

function asSql(value: JsonValue | undefined, type: ValueType): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;
  if (value === undefined || value === null) return 'null';
  if (type === 'json') return quoted(JSON.stringify(value));
  if (Array.isArray(value)) return `[${value.map((item) => quoted(String(item))).join(', ')}]::varchar[]`;
  return quoted(String(typeof value === 'object' && 'source_id' in value ? value.source_id : value));
}

function typeOf(value: JsonValue | undefined): ValueType {
  if (typeof value === 'object') return Array.isArray(value) ? 'text_list' : 'json';
  return typeof value === 'string' ? 'text' : typeof value === 'number' ? 'number' : 'boolean';
}

/** Without days that no calendar has: a typed column cannot hold them, the catalog does until the record is written anew. */
const ofTheCalendar = (records: readonly TestRecord[]) =>
  records.map((record) => omit(record, (value) => value === '2017-02-30' || value === '2017-99-99T00:00:00Z'));

/** Without what is not of its field's type. */
const ofTheType = (records: readonly TestRecord[]) =>
  records.map((record) => {
    const fields = TEST_TYPES.find(({ name }) => name === record.record_type)?.fields ?? [];
    const types = new Map(fields.map(({ name, type }) => [name, type === 'reference' ? 'text' : type]));
    return omit(record, (value, name) => typedValue(value, types.get(name) ?? 'json') === UNDECIDED);
  });

const omit = (record: TestRecord, isLeftOut: (value: JsonValue, name: string) => boolean): TestRecord => ({
  ...record,
  data: Object.fromEntries(Object.entries(record.data).filter(([name, value]) => !isLeftOut(value, name))),
});

const connection = useDuckdb();

/** What memory and DuckDB say of each item. */
async function judgeBoth(records: readonly TestRecord[], filter: Filter) {
  const condition = bindRecordFilter(filter, 'item', { types: TEST_TYPES });
  const items = records.filter(({ record_type }) => record_type === 'item');
  const inMemory = items.map((record) => evaluateCondition(condition, readerOf(record, records)));
  return { inMemory, inDuckdb: await judge(records, condition) };
}

it('a filter means the same in memory and in DuckDB, in three-valued logic', async () => {
  const typed = arbitraryRecords.map(ofTheCalendar).map(ofTheType);
  await fc.assert(
    fc.asyncProperty(typed, arbitraryFilter, async (records, filter) => {
      const { inMemory, inDuckdb } = await judgeBoth(records, filter);
      expect(inDuckdb).toEqual(inMemory);
    }),
    { numRuns: 200 },
  );
});

it('what is certain in memory is so in DuckDB, whatever the types of the fields were before', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryRecords.map(ofTheCalendar), arbitraryFilter, async (records, filter) => {
      const { inMemory, inDuckdb } = await judgeBoth(records, filter);
      expect(inDuckdb.map((answer, index) => (inMemory[index] === null ? null : answer))).toEqual(inMemory);
    }),
    { numRuns: 200 },
  );
});
