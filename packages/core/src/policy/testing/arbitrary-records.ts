import type { FieldFilter, Filter, FilterValue, JsonObject, JsonValue, RecordTypeDefinition } from '@sophia/types';
import fc from 'fast-check';
import type { ReadField } from '../evaluate-condition.ts';

/** Types with a field of each kind, and references of several steps. */
export const TEST_TYPES: readonly RecordTypeDefinition[] = [
  {
    name: 'item',
    description: '',
    origin: 'workspace',
    revision: 1,
    owner: ['owner'],
    fields: [
      { name: 'title', type: 'text' },
      { name: 'count', type: 'integer' },
      { name: 'ratio', type: 'number' },
      { name: 'price', type: 'money' },
      { name: 'open', type: 'boolean' },
      { name: 'due', type: 'date' },
      { name: 'seen_at', type: 'timestamp' },
      { name: 'owner', type: 'reference', references: 'person' },
      { name: 'parent', type: 'reference', references: 'item' },
      { name: 'labels', type: 'text_list' },
      { name: 'blob', type: 'json' },
    ],
  },
  {
    name: 'person',
    description: '',
    origin: 'workspace',
    revision: 1,
    fields: [
      { name: 'team', type: 'text' },
      { name: 'level', type: 'integer' },
      { name: 'boss', type: 'reference', references: 'person' },
    ],
  },
];

export interface TestRecord {
  readonly record_type: string;
  readonly source_system: string;
  readonly source_id: string;
  readonly data: JsonObject;
  readonly deleted: boolean;
}

const SYSTEMS = ['crm', 'erp'];
const IDS = ['a', 'b', 'c'];
const VALUES: Readonly<Record<string, readonly JsonValue[]>> = {
  title: ['', 'a', 'b', 'ab', 'B', 'é', '\u{1f600}', '\ufffd', 'a%_', "a'b"],
  count: [0, 1, -1, 10, '9007199254740993', '9007199254740992', '-9223372036854775808'],
  ratio: [0, 0.1, -0.5, 1e21, 1e-7, 3],
  price: ['0', '1', '1.5', '-2.25', '10', '99999999999999.9999'],
  open: [true, false],
  due: ['2016-12-31', '2017-01-01', '2017-10-05'],
  seen_at: ['2017-01-01T00:00:00Z', '2017-01-01T00:00:00.5Z', '2017-01-01T00:00:00.000001Z', '2016-12-31T23:59:59Z'],
  owner: [...IDS, { source_system: 'erp', source_id: 'a' }],
  parent: [...IDS, { source_system: 'crm', source_id: 'b' }],
  labels: [[], ['a'], ['a', 'b'], ['']],
  blob: [{ a: 1 }, [1], 'x', 0],
  team: ['North', 'South', ''],
  level: [1, 2],
  boss: IDS,
};
/** Values of other types, as they are left behind when the type of a field is changed. */
const STRANGE: readonly JsonValue[] = ['x', '1.5.2', 7, true, ['a'], { source_id: 5 }, {}, '2017-02-30', '2017-99-99T00:00:00Z'];

export const arbitraryRecord: fc.Arbitrary<TestRecord> = fc.constantFrom(...TEST_TYPES).chain((type) =>
  fc.record({
    record_type: fc.constant(type.name),
    source_system: fc.constantFrom(...SYSTEMS),
    source_id: fc.constantFrom(...IDS),
    deleted: fc.boolean().map((deleted) => deleted && type.name === 'person'),
    data: arbitraryData(type),
  }),
);

/** Some of the fields. */
const arbitraryData = (type: RecordTypeDefinition): fc.Arbitrary<JsonObject> =>
  fc
    .tuple(
      ...type.fields.map(({ name }) =>
        fc.option(
          arbitraryValue(name).map((value) => [name, value] as const),
          { nil: undefined },
        ),
      ),
    )
    .map((members) => Object.fromEntries(members.filter((member) => member !== undefined)));

const arbitraryValue = (field: string): fc.Arbitrary<JsonValue> =>
  fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...(VALUES[field] ?? [])) },
    { weight: 1, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.constantFrom(...STRANGE) },
  );

/** At most one record of each key. */
export const arbitraryRecords: fc.Arbitrary<TestRecord[]> = fc.uniqueArray(arbitraryRecord, {
  minLength: 1,
  maxLength: 12,
  selector: ({ record_type, source_system, source_id }) => JSON.stringify([record_type, source_system, source_id]),
});

const PATHS = [
  ...['title', 'count', 'ratio', 'price', 'open', 'due', 'seen_at', 'owner', 'labels', 'blob', 'source_system', 'source_id'],
  ...['owner.team', 'owner.level', 'owner.boss.team', 'parent.title', 'parent.owner.team', 'parent.count', 'owner.source_id'],
];
const ORDERED = ['eq', 'ne', 'gt', 'gte', 'lt', 'lte'] as const;

/** A filter over `item`. */
export const arbitraryFilter: fc.Arbitrary<Filter> = fc.letrec<{ filter: Filter; leaf: FieldFilter }>((tie) => ({
  filter: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('leaf'),
    fc.record({ and: fc.array(tie('filter'), { maxLength: 3 }) }),
    fc.record({ or: fc.array(tie('filter'), { maxLength: 3 }) }),
    fc.record({ not: tie('filter') }),
  ),
  leaf: fc.constantFrom(...PATHS).chain(arbitraryLeaf),
})).filter;

function arbitraryLeaf(field: string): fc.Arbitrary<FieldFilter> {
  const name = field.split('.').at(-1) ?? '';
  const isNull = fc.option(fc.boolean(), { nil: undefined }).map((value): FieldFilter => nullTest(field, value));
  const values = filterValues(name);
  if (name === 'blob') return isNull;
  if (name === 'labels')
    return fc.oneof(
      isNull,
      values.map((value): FieldFilter => ({ field, operator: 'contains', values: [value] })),
    );
  const comparisons = [
    isNull,
    fc.tuple(fc.constantFrom(...ORDERED), values).map(([operator, value]): FieldFilter => ({ field, operator, values: [value] })),
    fc.array(values, { minLength: 1, maxLength: 3 }).map((list): FieldFilter => ({ field, operator: 'in', values: list })),
    fc.tuple(values, values).map((pair): FieldFilter => ({ field, operator: 'between', values: pair })),
    fc.constantFrom('eq' as const, 'ne' as const, 'in' as const).map((operator): FieldFilter => ({ field, operator, values: [null] })),
  ];
  const isText = ['title', 'team', 'owner', 'source_system', 'source_id'].includes(name);
  const matches = fc
    .tuple(fc.constantFrom('contains' as const, 'starts_with' as const), values)
    .map(([operator, value]): FieldFilter => ({ field, operator, values: [value] }));
  return isText ? fc.oneof(...comparisons, matches) : fc.oneof(...comparisons);
}

const nullTest = (field: string, value: boolean | undefined): FieldFilter =>
  value === undefined ? { field, operator: 'is_null' } : { field, operator: 'is_null', values: [value] };

function filterValues(name: string): fc.Arbitrary<FilterValue> {
  if (name === 'source_system') return fc.constantFrom(...SYSTEMS);
  if (name === 'source_id' || name === 'owner') return fc.constantFrom(...IDS, '');
  if (name === 'labels') return fc.constantFrom('a', 'b', '');
  if (name === 'seen_at') return fc.constantFrom('2017-01-01', '2017-01-01T00:00:00Z', '2017-01-01T01:00:00.5+01:00');
  const known = (VALUES[name] ?? []).filter((value) => typeof value !== 'object');
  return fc.constantFrom(...known);
}

/** Reads fields of one record and of those that it refers to, as they are stored. */
export function readerOf(record: TestRecord, records: readonly TestRecord[]): ReadField {
  return ({ path, field }) => {
    const found = path.reduce<TestRecord | undefined>(
      (from, name) => (from === undefined ? undefined : referred(from, name, records)),
      record,
    );
    if (found === undefined) return undefined;
    if (field.name === 'source_system' || field.name === 'source_id') return found[field.name];
    return found.data[field.name];
  };
}

function referred(from: TestRecord, name: string, records: readonly TestRecord[]): TestRecord | undefined {
  const type = TEST_TYPES.find((each) => each.name === from.record_type);
  const target = type?.fields.find((field) => field.name === name)?.references;
  const { system, id } = readReference(from.data[name], from.source_system);
  return records.find((each) => !each.deleted && each.record_type === target && each.source_system === system && each.source_id === id);
}

function readReference(value: JsonValue | undefined, system: string): { readonly system: unknown; readonly id: unknown } {
  if (typeof value !== 'object' || value === null || !('source_id' in value)) return { system, id: value };
  return { system: value.source_system, id: value.source_id };
}
