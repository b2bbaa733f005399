import {
  BUILTIN_RECORD_TYPES,
  ERROR_CODES,
  type FieldDefinition,
  type JsonObject,
  type JsonValue,
  type RecordTypeDefinition,
} from '@sophia/types';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileRecordValidator } from './record-validator.ts';

const typeOf = (...fields: FieldDefinition[]): RecordTypeDefinition => ({
  name: 'thing',
  description: '',
  origin: 'workspace',
  fields,
  revision: 1,
});

/** The canonical value, or the code of the refusal, of one field. */
function outcome(field: Omit<FieldDefinition, 'name'>, value: JsonValue): JsonValue | undefined {
  const { data, errors } = compileRecordValidator(typeOf({ name: 'field', ...field }))({ field: value }, 7);
  return errors.length === 0 ? data.field : `! ${errors[0]?.code}`;
}

const deal = compileRecordValidator(BUILTIN_RECORD_TYPES.find((type) => type.name === 'deal') ?? typeOf());

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
      typeOf({ name: 'a', type: 'integer', required: true }, { name: 'b', type: 'text', required: true }),
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

  test('may be 32 levels deep', () => {
    expect(deal({ a: nest(32) }, 1).errors).toEqual([]);
  });
});

function nest(levels: number): JsonValue {
  return levels === 0 ? true : [nest(levels - 1)];
}

describe('values by type', () => {
  test.each<[JsonValue, JsonValue | undefined]>([
    [' a b ', 'a b'],
    ['\u00a0e\u0301\ufeff', 'é'],
    ['', undefined],
    ['\t', undefined],
    [null, undefined],
    [17, '17'],
    [true, '! invalid_text'],
    [['a'], '! invalid_text'],
    ['a\0', '! invalid_text'],
    ['\udc00', '! invalid_text'],
    ['🙂', '🙂'],
    ['x'.repeat(21), '! text_too_long'],
  ])('text %j is %j', (value, expected) => {
    expect(outcome({ type: 'text', maxLength: 20 }, value)).toEqual(expected);
  });

  test('text keeps to its allowed values', () => {
    expect(outcome({ type: 'text', values: ['won', 'lost'] }, 'won')).toBe('won');
    expect(outcome({ type: 'text', values: ['won', 'lost'] }, 'Won')).toBe('! value_not_allowed');
    expect(outcome({ type: 'text' }, 'x'.repeat(1_000_001))).toBe('! text_too_long');
  });

  test.each<[JsonValue, JsonValue | undefined]>([
    ['1054', '1054'],
    ['1054.0000', '1054'],
    ['1054.50000000', '1054.5'],
    [' +007.10\u00a0', '7.1'],
    ['-0.00', '0'],
    ['-0.05', '-0.05'],
    ['.5', '0.5'],
    ['-.5', '-0.5'],
    ['0', '0'],
    ['000', '0'],
    [0.1, '0.1'],
    [-0, '0'],
    [12, '12'],
    [1100.04, '1100.04'],
    ['99999999999999.9999', '99999999999999.9999'],
    ['', undefined],
    ['  ', undefined],
    [null, undefined],
    ['1.00001', '! too_many_digits'],
    [0.1 + 0.2, '! too_many_digits'],
    [1e-7, '! too_many_digits'],
    [12345678901234.12, '! too_many_digits'],
    ['100000000000000', '! out_of_range'],
    [1e14, '! out_of_range'],
    [1e300, '! out_of_range'],
    [Number.POSITIVE_INFINITY, '! invalid_money'],
    ['1,054', '! invalid_money'],
    ['$5', '! invalid_money'],
    ['5.', '! invalid_money'],
    ['.', '! invalid_money'],
    ['-', '! invalid_money'],
    ['1e3', '! invalid_money'],
    ['1.5x', '! invalid_money'],
    [true, '! invalid_money'],
  ])('money %j is %j', (value, expected) => {
    expect(outcome({ type: 'money' }, value)).toEqual(expected);
  });

  test.each<[JsonValue, JsonValue | undefined]>([
    [12, 12],
    [-0, 0],
    ['-12', -12],
    ['+12', 12],
    [' 12.00 ', 12],
    ['-0', 0],
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', '9007199254740993'],
    ['+0009007199254740993', '9007199254740993'],
    ['9223372036854775807', '9223372036854775807'],
    ['', undefined],
    [null, undefined],
    ['-9223372036854775808', '-9223372036854775808'],
    ['9223372036854775808', '! out_of_range'],
    ['-9223372036854775809', '! out_of_range'],
    [2 ** 53, '! invalid_integer'],
    [1.5, '! invalid_integer'],
    ['1.5', '! invalid_integer'],
    ['1e3', '! invalid_integer'],
    ['9'.repeat(401), '! invalid_integer'],
    [false, '! invalid_integer'],
  ])('integer %j is %j', (value, expected) => {
    expect(outcome({ type: 'integer' }, value)).toEqual(expected);
  });

  test.each<[JsonValue, JsonValue | undefined]>([
    [0.25, 0.25],
    [-0, 0],
    ['-1.5e3', -1500],
    ['5.', 5],
    [' .5 ', 0.5],
    ['', undefined],
    [null, undefined],
    ['1e999', '! invalid_number'],
    ['1,5', '! invalid_number'],
    ['NaN', '! invalid_number'],
    ['0x10', '! invalid_number'],
    [Number.NaN, '! invalid_number'],
    [{}, '! invalid_number'],
  ])('number %j is %j', (value, expected) => {
    expect(outcome({ type: 'number' }, value)).toEqual(expected);
  });

  test('numbers keep to their range', () => {
    expect(outcome({ type: 'integer', minimum: 0 }, -1)).toBe('! out_of_range');
    expect(outcome({ type: 'number', maximum: 1 }, 1.1)).toBe('! out_of_range');
    expect(outcome({ type: 'money', minimum: 1, maximum: 2 }, '2.01')).toBe('! out_of_range');
    expect(outcome({ type: 'money', minimum: 1, maximum: 2 }, '2.0')).toBe('2');
    expect(outcome({ type: 'integer', minimum: 0 }, 'x')).toBe('! invalid_integer');
    expect(outcome({ type: 'integer', minimum: 0 }, '')).toBeUndefined();
  });

  test.each<[JsonValue, JsonValue | undefined]>([
    [true, true],
    [' TRUE ', true],
    ['no', false],
    [1, true],
    ['0', false],
    ['', undefined],
    [null, undefined],
    ['maybe', '! invalid_boolean'],
    [2, '! invalid_boolean'],
    [{}, '! invalid_boolean'],
  ])('boolean %j is %j', (value, expected) => {
    expect(outcome({ type: 'boolean' }, value)).toEqual(expected);
  });

  test.each<[JsonValue, JsonValue | undefined]>([
    ['2017-03-01', '2017-03-01'],
    [' 2017-03-01 ', '2017-03-01'],
    ['2017-03-01T00:00:00Z', '2017-03-01'],
    ['2017-03-01 00:00:00.000', '2017-03-01'],
    ['2016-02-29', '2016-02-29'],
    ['2000-02-29', '2000-02-29'],
    ['', undefined],
    [null, undefined],
    ['1900-02-29', '! invalid_date'],
    ['2017-02-29', '! invalid_date'],
    ['2017-13-01', '! invalid_date'],
    ['2017-04-31', '! invalid_date'],
    ['2017-04-00', '! invalid_date'],
    ['0000-01-01', '! invalid_date'],
    ['2017-3-1', '! invalid_date'],
    ['2017-03-0١', '! invalid_date'],
    ['2017-03-01T12:00:00Z', '! invalid_date'],
    ['2017-03-01T00:00:00+02:00', '! invalid_date'],
    [20170301, '! invalid_date'],
  ])('date %j is %j', (value, expected) => {
    expect(outcome({ type: 'date' }, value)).toEqual(expected);
  });

  test.each<[JsonValue, JsonValue | undefined]>([
    ['2017-03-01T12:30:00Z', '2017-03-01T12:30:00Z'],
    ['2017-03-01T12:30:00.120Z', '2017-03-01T12:30:00.12Z'],
    ['2017-03-01T12:30:00.123456789z', '2017-03-01T12:30:00.123456Z'],
    ['2017-03-01 12:30+02:00', '2017-03-01T10:30:00Z'],
    ['2017-03-01T00:30:00.5 +0200', '2017-02-28T22:30:00.5Z'],
    ['2017-12-31T23:30:00-01', '2018-01-01T00:30:00Z'],
    ['2017-03-01T12:30:00+00:00', '2017-03-01T12:30:00Z'],
    ['', undefined],
    [null, undefined],
    ['2017-03-01T12:30:00', '! timestamp_without_offset'],
    ['2017-03-01', '! timestamp_without_offset'],
    ['2017-03-01T24:00:00Z', '! invalid_timestamp'],
    ['2017-03-01T12:60:00Z', '! invalid_timestamp'],
    ['2017-03-01T12:00:60Z', '! invalid_timestamp'],
    ['2017-03-01T12-30-00Z', '! invalid_timestamp'],
    ['2017-03-01X12:30:00Z', '! invalid_timestamp'],
    ['2017-02-30T12:30:00Z', '! invalid_timestamp'],
    ['2017-03-01T12:30:00+24:00', '! invalid_timestamp'],
    ['2017-03-01T12:30:00+02:60', '! invalid_timestamp'],
    ['0001-01-01T00:00:00+01:00', '! invalid_timestamp'],
    ['9999-12-31T23:59:59-01:00', '! invalid_timestamp'],
    ['yesterday', '! invalid_timestamp'],
    [1488371400, '! invalid_timestamp'],
  ])('timestamp %j is %j', (value, expected) => {
    expect(outcome({ type: 'timestamp' }, value)).toEqual(expected);
  });

  test.each<[JsonValue, JsonValue | undefined]>([
    [' Cancity ', 'Cancity'],
    [17, '17'],
    [
      { source_id: 1, source_system: ' crm ' },
      { source_system: 'crm', source_id: '1' },
    ],
    [{ source_system: 'crm', source_id: '' }, undefined],
    ['', undefined],
    [null, undefined],
    ['x'.repeat(501), '! source_id_too_long'],
    [{ source_system: 'crm', source_id: 'x'.repeat(501) }, '! source_id_too_long'],
    [{ source_system: '', source_id: '1' }, '! invalid_reference'],
    [{ source_system: true, source_id: '1' }, '! invalid_reference'],
    [{ source_system: 'x'.repeat(101), source_id: '1' }, '! invalid_reference'],
    [{ source_system: 'crm' }, '! invalid_reference'],
    [{ source_system: 'crm', source_id: '1', more: 1 }, '! invalid_reference'],
    [['1'], '! invalid_reference'],
    [false, '! invalid_reference'],
  ])('reference %j is %j', (value, expected) => {
    expect(outcome({ type: 'reference', references: 'company' }, value)).toEqual(expected);
  });

  test.each<[JsonValue, JsonValue | undefined]>([
    [
      [' a ', '', null, 1],
      ['a', '1'],
    ],
    ['["a","b"]', ['a', 'b']],
    ['[1234567890123456789]', ['1234567890123456789']],
    [[], []],
    ['', undefined],
    [null, undefined],
    ['a, b', '! invalid_list'],
    ['[a]', '! invalid_list'],
    [{}, '! invalid_list'],
    [Array.from({ length: 10_001 }, () => 'x'), '! invalid_list'],
    [[true], '! invalid_text'],
  ])('text_list %j is %j', (value, expected) => {
    expect(outcome({ type: 'text_list' }, value)).toEqual(expected);
  });

  test('json is kept as it came', () => {
    expect(outcome({ type: 'json' }, { a: [1, null, ' x '] })).toEqual({ a: [1, null, ' x '] });
    expect(outcome({ type: 'json' }, false)).toBe(false);
    expect(outcome({ type: 'json' }, '')).toBeUndefined();
  });
});

describe('laws', () => {
  const fields = BUILTIN_RECORD_TYPES.flatMap((type) => type.fields.map((field) => ({ ...field, name: `${type.name}_${field.name}` })));
  const everything = typeOf(...fields);
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
