import { bindRecordFilter, bindVisibleRecords, evaluateCondition, postgresCondition, type TypeAccess } from '@sophia/core';
import { arbitraryFilter, arbitraryRecords, readerOf, TEST_TYPES, type TestRecord } from '@sophia/core/testing';
import type { Database } from '@sophia/database';
import { createTestDatabase, type TestDatabase } from '@sophia/database/testing';
import type { Filter, Transaction } from '@sophia/types';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';

let testDatabase: TestDatabase;
let database: Database;
beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = await testDatabase.open('app', { pool: { minimum: 1, maximum: 1 } });
});
afterAll(() => testDatabase.close());

/** The columns of the catalog's table that conditions read. */
const CREATE = {
  name: 'test_create',
  text: `create temporary table if not exists record (workspace int, record_type text, source_system text, source_id text, id bigint, version int,
    business_priority text, occurred_at timestamptz, created_at timestamptz, updated_at timestamptz, deleted_at timestamptz, data jsonb)
    on commit delete rows`,
};
const INSERT = {
  name: 'test_insert',
  text: `insert into record (workspace, record_type, source_system, source_id, id, version, data, deleted_at)
    select 1, r->>'record_type', r->>'source_system', r->>'source_id', ordinality, 1, r->'data',
      case when (r->>'deleted')::boolean then now() end
    from jsonb_array_elements($1) with ordinality as e(r, ordinality)`,
};

type Condition = ReturnType<typeof bindRecordFilter>;
type Judgement = readonly (boolean | null)[];

/** What PostgreSQL says of each item, in the order of the records, for each condition. */
async function judge(records: readonly TestRecord[], conditions: readonly Condition[]): Promise<Judgement[]> {
  const parameters: string[] = [];
  const columns = conditions.map((condition, index) => {
    const written = postgresCondition(condition, { alias: 'r', offset: 1 + parameters.length, recordType: 'item', types: TEST_TYPES });
    parameters.push(...written.parameters);
    return `(${written.text})::boolean as c${index}`;
  });
  const text = `select ${columns.join(', ')} from record r where record_type = $1 order by id`;
  const { value } = await database.write([], async (transaction: Transaction) => {
    await database.query(transaction, CREATE);
    await database.query(transaction, INSERT, [JSON.stringify(records)]);
    return database.query<Record<string, boolean | null>>(transaction, { name: `test_${crypto.randomUUID()}`, text }, [
      'item',
      ...parameters,
    ]);
  });
  return conditions.map((_, index) => value.map((row) => row[`c${index}`] ?? null));
}

/** The same in memory. */
const evaluate = (records: readonly TestRecord[], conditions: readonly Condition[]): Judgement[] =>
  conditions.map((condition) => itemsOf(records).map((record) => evaluateCondition(condition, readerOf(record, records))));

const itemsOf = (records: readonly TestRecord[]) => records.filter(({ record_type }) => record_type === 'item');

const filters = fc.array(arbitraryFilter, { minLength: 1, maxLength: 10 });

it('a filter means the same in memory and in PostgreSQL, in three-valued logic', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryRecords, filters, async (records, asked) => {
      const conditions = asked.map((filter) => bindRecordFilter(filter, 'item', { types: TEST_TYPES }));
      expect(await judge(records, conditions)).toEqual(evaluate(records, conditions));
    }),
    { numRuns: 250 },
  );
});

const access = fc.record({ rows: arbitraryFilter, visible: fc.option(arbitraryFilter, { nil: undefined }) }).map(({ rows, visible }) => {
  const mask = { fields: ['title', 'price', 'owner'], ...(visible === undefined ? {} : { visible }) };
  const item: TypeAccess = { access: 'records', rows, masks: [mask] };
  const person: TypeAccess = {
    access: 'records',
    rows: { field: 'level', operator: 'eq', values: [1] },
    masks: [{ fields: ['team'], visible: { field: 'boss.team', operator: 'ne', values: ['South'] } }],
  };
  return (recordType: string) => (recordType === 'item' ? item : person);
});

it("so does a caller's filter over what the caller sees", async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryRecords, filters, access, async (records, asked, accessOf) => {
      const conditions = asked.map((filter) => bindVisibleRecords('item', { types: TEST_TYPES, access: accessOf }, filter));
      expect(await judge(records, conditions)).toEqual(evaluate(records, conditions));
    }),
    { numRuns: 150 },
  );
});

it('columns of every record are judged as well', async () => {
  const records: TestRecord[] = [{ record_type: 'item', source_system: 'crm', source_id: 'a', data: {}, deleted: false }];
  const access = () => ({ access: 'records', masks: [] }) as const;
  const filters: Filter[] = [
    { field: 'version', operator: 'eq', values: [1] },
    { field: 'id', operator: 'gt', values: [5] },
    { field: 'updated_at', operator: 'gt', values: ['2017-01-01T00:00:00Z'] },
    { field: 'business_priority', operator: 'is_null' },
  ];
  const conditions = filters.map((filter) => bindRecordFilter(filter, 'item', { types: TEST_TYPES, access }));
  expect(await judge(records, conditions)).toEqual([[true], [false], [null], [true]]);
});
