import type { FieldDefinition, JsonValue } from '@sophia/types';
import { describe, expect, test } from 'vitest';
import { thingType } from '../testing/thing-layer.ts';
import { compileRecordValidator } from './record-validator.ts';

/** The canonical value, or the code of the refusal, of one field. */
function outcome(field: Omit<FieldDefinition, 'name'>, value: JsonValue): JsonValue | undefined {
  const { data, errors } = compileRecordValidator(thingType([{ name: 'field', ...field }]))({ field: value }, 7);
  return errors.length === 0 ? data.field : `! ${errors[0]?.code}`;
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
    [12345678901.2345, '12345678901.2345'],
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
    expect(outcome({ type: 'integer', minimum: 0 }, 0)).toBe(0);
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
    ['2017-03-01t00:00:00z', '2017-03-01'],
    ['2017-03-01 00:00:00+00', '2017-03-01'],
    ['2017-03-01 00:00:00+01', '! invalid_date'],
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
    ['2017-03-01t12:30:00z', '2017-03-01T12:30:00Z'],
    ['2017-03-01 12:30+02:00', '2017-03-01T10:30:00Z'],
    ['2017-03-01T00:30:00.5 +0200', '2017-02-28T22:30:00.5Z'],
    ['2017-12-31T23:30:00-01', '2018-01-01T00:30:00Z'],
    ['2017-03-01T12:00:00-03:30', '2017-03-01T15:30:00Z'],
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
