import { BUILTIN_RECORD_TYPES, type JsonValue, type RecordTypeDefinition } from '@sophia/types';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileRowPreparer } from './prepare-row.ts';

const product = BUILTIN_RECORD_TYPES.find(({ name }) => name === 'product') as RecordTypeDefinition;
const prepare = compileRowPreparer(product);
const target = { recordType: 'product', sourceSystem: 'shop' };

describe('a row', () => {
  test('is written in canonical form, whatever the order and spelling of its fields', () => {
    const one = prepare({ line: 1, source_id: 'P', fields: { name: ' Hat ', list_price: '1.50' } }, target);
    const other = prepare({ line: 2, source_id: ' P ', fields: { list_price: 1.5, name: 'Hat', series: null } }, target);
    expect(one.record).toMatchObject({
      key: 'product\u0000shop\u0000P',
      data: '{"list_price":"1.5","name":"Hat"}',
      original: null,
      source_order: null,
    });
    expect(other.record?.content_hash).toBe(one.record?.content_hash);
  });

  test('that differs in a field or its priority has another hash', () => {
    const hash = (row: object) => prepare({ line: 1, source_id: 'P', fields: {}, ...row }, target).record?.content_hash;
    const hashes = [
      {},
      { fields: { name: 'a' } },
      { fields: { series: 'a' } },
      { business_priority: 'low' },
      { business_priority: 'high' },
    ].map(hash);
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(hash({ deleted: true })).toBeNull();
  });

  test('that could not be read is rejected with what its reader says', () => {
    const errors = [{ line: 3, code: 'invalid_csv', message: 'a quote is open' }];
    expect(prepare({ line: 3, fields: {}, errors }, target).rejected).toMatchObject({ line: 3, errors, source_id: null });
    expect(prepare({ line: 3, source_id: 'P', fields: {}, errors: [] }, target).record).toBeDefined();
  });

  test('goes the same way whether it is accepted or rejected', () => {
    const ids: fc.Arbitrary<JsonValue> = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.constant('x'.repeat(501)),
      fc.string({ maxLength: 20 }),
      fc.double(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
    );
    fc.assert(
      fc.property(ids, (source_id) => {
        const accepted = prepare({ line: 1, source_id, fields: {} }, target);
        const rejected = prepare({ line: 1, source_id, fields: { list_price: 'dear' } }, target);
        expect(rejected.rejected).toBeDefined();
        if (accepted.record !== undefined) expect(rejected.rejected?.key).toBe(accepted.record.key);
      }),
    );
  });
});
