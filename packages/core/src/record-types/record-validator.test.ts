import { BUILTIN_RECORD_TYPES, ERROR_CODES, type JsonObject, type JsonValue } from '@sophia/types';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { thingType } from '../testing/thing-layer.ts';
import { compileRecordValidator } from './record-validator.ts';

const deal = compileRecordValidator(BUILTIN_RECORD_TYPES.find((type) => type.name === 'deal') ?? thingType([]));

describe('a record', () => {
  test('has its fields in canonical form, without nulls, and what the type does not know under extra', () => {
    const fields = { name: '  Renewal ', amount: '1054.0000', stage: '', owner: null, close_date: '2017-03-01', colour: 'red', size: null };
    expect(deal(fields, 1)).toEqual({
      data: { name: 'Renewal', amount: '1054', close_date: '2017-03-01', extra: { colour: 'red' } },
      errors: [],
    });
  });

  test('reports every bad value with its line, column, code and what was found', () => {
    expect(deal({ amount: '1,054', name: 'ok', close_date: '3/1/2017', owner: true }, 12).errors).toEqual([
      {
        line: 12,
        code: 'invalid_money',
        column: 'amount',
        value: '1,054',
        message: 'amount: expected a decimal such as "1054.50", without separators or a currency; found "1,054"',
      },
      {
        line: 12,
        code: 'invalid_date',
        column: 'close_date',
        value: '3/1/2017',
        message: 'close_date: expected a calendar day such as 2017-03-01; found "3/1/2017"',
      },
      {
        line: 12,
        code: 'invalid_reference',
        column: 'owner',
        value: true,
        message: 'owner: expected a source id, or an object of source_system and source_id; found true',
      },
    ]);
  });

  test('lacks no required field; one that is wrong is reported once', () => {
    const validate = compileRecordValidator(
      thingType([
        { name: 'a', type: 'integer', required: true },
        { name: 'b', type: 'text', required: true },
      ]),
    );
    expect(validate({ a: 'x', b: ' ' }, 1).errors.map((error) => [error.column, error.code])).toEqual([
      ['a', 'invalid_integer'],
      ['b', 'missing_field'],
    ]);
    expect(validate({ b: 'x' }, 1).errors.map((error) => error.message)).toEqual([
      'a: expected a value: the record type requires this field',
    ]);
    expect(validate({ a: 1, b: 'x' }, 1).errors).toEqual([]);
  });

  test('lacks a required field also where it is called as a member that objects have of their own', () => {
    const validate = compileRecordValidator(thingType([{ name: 'constructor', type: 'text', required: true }]));
    expect(validate({}, 1).errors).toMatchObject([{ column: 'constructor', code: 'missing_field' }]);
    expect(validate({ constructor: 'Eiffel' }, 1)).toMatchObject({ data: { constructor: 'Eiffel' }, errors: [] });
  });

  test('repeats at most 200 characters of a bad value, fit for storage', () => {
    const [error] = deal({ amount: `\0\ud800${'9'.repeat(1000)}` }, 1).errors;
    expect(error?.value).toBe(`\ufffd\ufffd${'9'.repeat(198)}…`);
    expect(deal({ amount: { a: 1 }, name: [] }, 1).errors.map((e) => e.value)).toEqual(['an object', 'an array']);
  });
});

describe('fields that the type does not know', () => {
  test('come back into extra when a record that was read is sent again; a field beside extra wins', () => {
    expect(deal({ extra: { colour: 'red', size: 1 }, colour: 'blue' }, 1).data).toEqual({ extra: { colour: 'blue', size: 1 } });
    expect(deal({ extra: 'words' }, 1).data).toEqual({ extra: { extra: 'words' } });
  });

  test.each<[string, JsonObject, string]>([
    ['the prototype', JSON.parse('{"__proto__": 1}'), 'invalid_field_name'],
    ['an empty name', { '': 1 }, 'invalid_field_name'],
    ['a name of 201 characters', { ['x'.repeat(201)]: 1 }, 'invalid_field_name'],
    ['a name with U+0000', { 'a\0': 1 }, 'invalid_field_name'],
    ['text with U+0000', { a: { b: ['\0'] } }, 'invalid_text'],
    ['half a surrogate pair in a key', { a: { '\ud800': 1 } }, 'invalid_text'],
    ['a number beyond a double', { a: [JSON.parse('1e999')] }, 'invalid_number'],
    ['33 levels', { a: nest(33) }, 'json_too_deep'],
    ['1,001 fields', Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`f${i}`, i])), 'too_many_fields'],
    ['1,001 fields in extra', { extra: Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`f${i}`, i])) }, 'too_many_fields'],
  ])('are refused with %s', (_, fields, code) => {
    expect(deal(fields, 1).errors.map((error) => error.code)).toEqual([code]);
  });

  test('are counted together, beside extra and inside of it, each name once', () => {
    const fields = (from: number, to: number) => Object.fromEntries(Array.from({ length: to - from }, (_, i) => [`f${from + i}`, i]));
    const judged = (row: JsonObject) => deal(row, 1);
    expect(judged({ ...fields(0, 500), extra: fields(500, 1001) }).errors).toMatchObject([{ code: 'too_many_fields' }]);
    for (const row of [
      { ...fields(0, 600), extra: fields(400, 1000) },
      { ...fields(0, 1000), extra: {} },
    ]) {
      const { data, errors } = judged(row);
      expect(errors).toEqual([]);
      expect(Object.keys(data.extra as JsonObject)).toHaveLength(1000);
    }
  });

  test('may be 32 levels deep', () => {
    expect(deal({ a: nest(32) }, 1).errors).toEqual([]);
  });
});

function nest(levels: number): JsonValue {
  return levels === 0 ? true : [nest(levels - 1)];
}

describe('laws', () => {
  const fields = BUILTIN_RECORD_TYPES.flatMap((type) => type.fields.map((field) => ({ ...field, name: `${type.name}_${field.name}` })));
  const everything = thingType(fields);
  const validate = compileRecordValidator(everything);
  const plausible = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.stringMatching(/^[+-]?[0-9]{0,20}[.,]?[0-9]{0,8}$/),
    fc.stringMatching(/^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?$/),
    fc.double(),
    fc.jsonValue(),
    fc.constantFrom('won', 'true', '["a"]', { source_system: 'crm', source_id: ' 1 ' }),
  );
  const rows = fc.dictionary(fc.oneof(fc.constantFrom(...fields.map((field) => field.name)), fc.string({ unit: 'binary' })), plausible, {
    noNullPrototype: true,
  });

  test('whatever comes, the answer is data or errors with a documented code, and both are storable', () => {
    fc.assert(
      fc.property(rows, (row) => {
        const { data, errors } = validate(row as JsonObject, 3);
        for (const error of errors) expect(ERROR_CODES).toHaveProperty(error.code);
        expect(JSON.stringify({ data, errors })).not.toMatch(/\\u0000|\\ud[89a-f]/);
      }),
      { numRuns: 500 },
    );
  });

  test('normalising twice is normalising once', () => {
    fc.assert(
      fc.property(rows, (row) => {
        const { data } = validate(row as JsonObject, 3);
        const again = validate(data, 3);
        expect(again.errors).toEqual([]);
        expect(again.data).toEqual(data);
      }),
      { numRuns: 500 },
    );
  });
});
