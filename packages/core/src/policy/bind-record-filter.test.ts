import { BUILTIN_RECORD_TYPES, type Filter, type JsonValue } from '@sophia/types';
import { expect, it } from 'vitest';
import { fieldsOf } from '../expression/bound-expression.ts';
import { FilterProblem } from '../semantic/bind-filter.ts';
import { bindRecordFilter, bindVisibleRecords } from './bind-record-filter.ts';
import { evaluateCondition } from './evaluate-condition.ts';
import { postgresCondition } from './postgres-condition.ts';
import type { TypeAccess } from './type-access.ts';

const types = BUILTIN_RECORD_TYPES;

it('a filter is over fields of the type, of every record, and over references', () => {
  const filter: Filter = {
    and: [
      { field: 'owner.team', operator: 'is_null' },
      { field: 'amount', operator: 'gt', values: ['5'] },
      { field: 'source_id', operator: 'is_null' },
    ],
  };
  const reads = [...fieldsOf(bindRecordFilter(filter, 'deal', { types }))];
  expect(reads.map(({ path, recordType, field }) => [path, recordType, field.name])).toEqual([
    [['owner'], 'user', 'team'],
    [[], 'deal', 'amount'],
    [[], 'deal', 'source_id'],
  ]);
});

it('version, id and the time of the last change are for the filters of callers', () => {
  const filter: Filter = { field: 'version', operator: 'eq', values: [1] };
  expect(() => bindRecordFilter(filter, 'deal', { types })).toThrow(FilterProblem);
  bindRecordFilter(filter, 'deal', { types, access: () => ({ access: 'records', masks: [] }) });
});

it.each<[Filter, string, string]>([
  [{ field: 'x', operator: 'is_null' }, 'deals', 'there is no record type deals'],
  [{ field: 'stage.x', operator: 'is_null' }, 'deal', 'stage.x: stage of deal leads to no record type'],
  [{ field: 'ownr', operator: 'is_null' }, 'deal', 'ownr: deal has no field ownr; did you mean owner?'],
  [{ field: '', operator: 'is_null' }, 'deal', ': deal has no field '],
])('%o over %s is refused', (filter, recordType, message) => {
  expect(() => bindRecordFilter(filter, recordType, { types })).toThrow(message);
});

it('a reference to a type that does not exist leads nowhere', () => {
  const lost = [
    {
      name: 'a',
      description: '',
      origin: 'workspace' as const,
      revision: 1,
      fields: [{ name: 'b', type: 'reference' as const, references: 'gone' }],
    },
  ];
  expect(() => bindRecordFilter({ field: 'b.c', operator: 'is_null' }, 'a', { types: lost })).toThrow('leads to no record type');
});

it('what a filter of a caller reads is null where a step that leads to it is masked or hidden', () => {
  const filter: Filter = { field: 'deal_id.owner.team', operator: 'is_null' };
  const only: Filter = { field: 'status', operator: 'eq', values: ['won'] };
  const mask = { fields: ['owner'] };
  const reads = (deal: Partial<TypeAccess>, user: Partial<TypeAccess> = {}) => {
    const access = (name: string): TypeAccess => ({
      access: 'records',
      masks: [],
      ...(name === 'deal' ? deal : name === 'user' ? user : {}),
    });
    return [...fieldsOf(bindRecordFilter(filter, 'call', { types, access }))].map(({ path, field }) => [...path, field.name].join('.'));
  };
  const [team, status] = ['deal_id.owner.team', 'deal_id.status'];
  expect(reads({})).toEqual([team]);
  expect(reads({ masks: [mask] })).toEqual([]);
  expect(reads({ masks: [{ ...mask, visible: only }] })).toEqual([status, team]);
  expect(reads({ rows: only })).toEqual([status, team]);
  expect(reads({}, { access: 'aggregates' })).toEqual([]);
  expect(reads({}, { masks: [{ fields: ['team'] }] })).toEqual([]);
  // The record that is judged itself is seen.
  const access = (): TypeAccess => ({ access: 'records', masks: [], rows: only });
  expect([...fieldsOf(bindRecordFilter({ field: 'stage', operator: 'is_null' }, 'deal', { types, access }))].length).toBe(1);
});

it('all records are seen where no policy and no filter says otherwise', () => {
  expect(evaluateCondition(bindVisibleRecords('deal', { types }), () => undefined)).toBe(true);
});

it('what is no filter over records cannot be written for PostgreSQL', () => {
  const options = { alias: 'r', offset: 0, recordType: 'deal', types };
  expect(() => postgresCondition({ kind: 'today', type: 'date' }, options)).toThrow(TypeError);
  expect(() => postgresCondition({ kind: 'operation', operation: 'add', type: 'integer', operands: [] }, options)).toThrow(TypeError);
});

it('whether a value of another type is null is unknown, for the warehouse may cast it', () => {
  const judge = (filter: Filter, value: JsonValue | undefined) =>
    evaluateCondition(bindRecordFilter(filter, 'deal', { types }), () => value);
  const hasValue: Filter = { not: { field: 'stage', operator: 'eq', values: [null] } };
  const hasNone: Filter = { field: 'stage', operator: 'is_null' };
  const others: JsonValue[] = [7, true, ['a'], {}, { source_id: 5 }];
  for (const other of others) {
    expect(judge(hasValue, other)).toBe(null);
    expect(judge(hasNone, other)).toBe(null);
  }
  for (const absent of [undefined, null]) {
    expect(judge(hasValue, absent)).toBe(false);
    expect(judge(hasNone, absent)).toBe(true);
  }
  expect(judge(hasValue, 'Won')).toBe(true);
  expect(judge(hasNone, 'Won')).toBe(false);
});
