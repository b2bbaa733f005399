import { expect, test } from 'vitest';
import { compilePlainRow } from './plain-row.ts';

const NOTHING = { occurred_at: undefined, source_version: undefined, business_priority: undefined, deleted: undefined };

test('a table without a mapping has its fields by their names', () => {
  const map = compilePlainRow(['name', 'source_id', 'deleted', 'occurred_at', 'amount']);
  expect(map({ line: 2, values: ['x', '1', 'true', '2017-03-01T00:00:00Z', ''] })).toEqual({
    ...NOTHING,
    line: 2,
    source_id: '1',
    occurred_at: '2017-03-01T00:00:00Z',
    fields: { name: 'x' },
    deleted: 'true',
  });
  expect(compilePlainRow(['name'])({ line: 2, values: ['x'] })).toEqual({
    ...NOTHING,
    line: 2,
    source_id: undefined,
    fields: { name: 'x' },
  });
});

test('rows of the other kind have nothing', () => {
  expect(compilePlainRow(['name'])({ line: 1, values: { name: 'x' } }).fields).toEqual({});
  expect(compilePlainRow(undefined)({ line: 1, values: ['x'] }).fields).toEqual({});
});

test('so has an object', () => {
  const map = compilePlainRow(undefined);
  expect(
    map({ line: 1, values: { source_id: 7, name: '', amount: null, source_version: 3, business_priority: 'high', deleted: 0 } }),
  ).toEqual({
    ...NOTHING,
    line: 1,
    source_id: 7,
    source_version: 3,
    business_priority: 'high',
    deleted: 0,
    fields: { name: '', amount: null },
  });
});

test('a row that could not be read is kept as its text', () => {
  const errors = [{ line: 1, code: 'invalid_json', message: '' }];
  expect(compilePlainRow(undefined)({ line: 1, values: [], errors, raw: '{' })).toEqual({
    line: 1,
    fields: { extra: { raw: '{' } },
    errors,
  });
});
