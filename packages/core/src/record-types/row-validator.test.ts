import { BUILTIN_RECORD_TYPES } from '@sophia/types';
import { expect, test } from 'vitest';
import { compileRowValidator } from './row-validator.ts';

const [deal] = BUILTIN_RECORD_TYPES;
if (deal === undefined) throw new Error('There are built-in types.');
const validate = compileRowValidator(deal);

test('a row has its common columns in canonical form beside its data', () => {
  const row = {
    line: 2,
    source_id: 17,
    occurred_at: '2017-03-01T12:00:00+01:00',
    source_version: 5,
    business_priority: 'High',
    fields: { name: 'x' },
  };
  expect(validate(row)).toEqual({
    row: {
      source_id: '17',
      occurred_at: '2017-03-01T11:00:00Z',
      source_version: '5',
      business_priority: 'high',
      deleted: false,
      data: { name: 'x' },
    },
  });
  expect(validate({ line: 2, source_id: ' a ', fields: {} })).toEqual({
    row: { source_id: 'a', occurred_at: null, source_version: null, business_priority: null, deleted: false, data: {} },
  });
});

test('a row is refused with everything that is wrong in it', () => {
  const row = {
    line: 2,
    source_id: '',
    occurred_at: '2017-03-01',
    source_version: 'x'.repeat(201),
    business_priority: 'urgent',
    fields: { amount: 'x' },
  };
  expect(validate(row).errors?.map((error) => [error.line, error.column, error.code])).toEqual([
    [2, 'source_id', 'missing_source_id'],
    [2, 'occurred_at', 'timestamp_without_offset'],
    [2, 'source_version', 'text_too_long'],
    [2, 'business_priority', 'invalid_priority'],
    [2, 'amount', 'invalid_money'],
  ]);
  expect(validate({ line: 1, source_id: {}, business_priority: [], fields: {} }).errors?.map((error) => error.code)).toEqual([
    'invalid_text',
    'invalid_text',
  ]);
  expect(validate({ line: 1, source_id: '1', fields: { amount: 'x' } }).errors).toHaveLength(1);
});

test.each([true, 'true', 'True', ' TRUE ', 't', 'yes', 'Y', '1', 1])(
  'a deletion, told by %j, needs no more than its source id',
  (deleted) => {
    expect(validate({ line: 1, source_id: '1', deleted, fields: { amount: 'x' } }).row).toMatchObject({ deleted: true, data: {} });
  },
);

test.each([false, 'False', ' no ', '0', 0, '', null])('a row of which the source says %j is none', (deleted) => {
  expect(validate({ line: 1, source_id: '1', deleted, fields: { name: 'x' } }).row).toMatchObject({ deleted: false, data: { name: 'x' } });
});

test.each(['banana', '2017-03-01', 2, []])('whether it is one is not guessed from %j', (deleted) => {
  expect(validate({ line: 1, source_id: '1', deleted, fields: {} }).errors).toMatchObject([{ column: 'deleted', code: 'invalid_boolean' }]);
});

test('a row may lack what its type requires where that is said, and is told what; with other errors it is one of them', () => {
  const required = compileRowValidator({ ...deal, fields: deal.fields.map((field) => ({ ...field, required: field.name === 'name' })) });
  const missing = [{ line: 1, column: 'name', code: 'missing_field' }];
  const mayLack = new Set(['name', 'amount']);
  const lacks = { line: 1, source_id: '1', fields: { name: null } };
  expect(required(lacks, mayLack)).toMatchObject({ row: { data: {} }, lacking: missing });
  expect(required(lacks, new Set(['amount'])).errors).toMatchObject(missing);
  expect(required({ ...lacks, fields: { amount: 'x' } }, mayLack).errors).toMatchObject([{ code: 'invalid_money' }, ...missing]);
  expect(required({ ...lacks, fields: { name: 'x' } }, mayLack).lacking).toBeUndefined();
});
