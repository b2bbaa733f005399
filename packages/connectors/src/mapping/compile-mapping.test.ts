import type { JsonValue } from '@sophia/types';
import { describe, expect, test } from 'vitest';
import type { RowValues } from '../read/source-row.ts';
import { THING, thingMapper } from '../testing/thing-mapper.ts';
import { compileMapping } from './compile-mapping.ts';
import { parseMapping } from './parse-mapping.ts';

/** The field's value, or the code and message of its error. */
function read(rule: string, value: JsonValue): JsonValue | undefined {
  const row = thingMapper(`fields:\n  ${rule}`)({ line: 4, values: { id: '1', v: value } });
  const [error] = row.errors ?? [];
  return error === undefined ? row.fields[rule.slice(0, rule.indexOf(':'))] : `! ${error.code}: ${error.message}`;
}

describe('values', () => {
  test.each<[string, JsonValue, JsonValue | undefined]>([
    ['text: v', ' a ', ' a '],
    ['text: v', '', undefined],
    ['text: v', null, undefined],
    ['kind: { column: v, values: { A: a, B: b, none: null } }', ' A ', 'a'],
    ['kind: { column: v, values: { A: a, B: b, none: null } }', 'none', undefined],
    ['kind: { column: v, values: { A: a }, default: b }', 'C', 'b'],
    ['kind: { column: v, values: { 1: a } }', 1, 'a'],
    [
      'kind: { column: v, values: { A: a, B: b } }',
      'C',
      '! value_not_mapped: kind: expected one of A, B in the column v for kind; a repair gives what it stands for, such as a; found "C"',
    ],
    [
      'kind: { column: v, values: { none: null } }',
      'C',
      '! value_not_mapped: kind: expected one of none in the column v for kind; a repair gives what it stands for; found "C"',
    ],
    ['day: { column: v, format: M/D/YYYY }', ' 3/1/2017 ', '2017-03-01'],
    ['day: { column: v, format: M/D/YYYY }', '  ', undefined],
    [
      'day: { column: v, format: M/D/YYYY }',
      '31.3.2017',
      '! invalid_date: day: expected a day written as M/D/YYYY in the column v; a repair gives it as 2017-03-01; found "31.3.2017"',
    ],
    ['day: { column: v, format: iso }', 'x', 'x'],
    ['day: { column: v, format: M/D/YYYY }', true, true],
    ['at: { column: v, format: epoch_seconds }', 1488371400, '2017-03-01T12:30:00.000Z'],
    ['at: { column: v, format: "M/D/YYYY H:mm", zone: Europe/Berlin }', '3/1/2017 12:30', '2017-03-01T11:30:00Z'],
    ['at: { column: v, format: "M/D/YYYY H:mm" }', '3/1/2017 12:30', '2017-03-01T12:30:00'],
    ['at: { column: v, zone: UTC }', '2017-03-01 12:30', '2017-03-01T12:30:00Z'],
    ['at: { column: v, zone: UTC }', '2017-03-01T12:30:00+02:00', '2017-03-01T12:30:00+02:00'],
    [
      'at: { column: v, zone: UTC }',
      'noon',
      '! invalid_timestamp: at: expected a time written as iso in the column v; a repair gives it as 2017-03-01T10:00:00Z; found "noon"',
    ],
    ['at: v', '2017-03-01 12:30', '2017-03-01 12:30'],
    ['count: { column: v, decimal: "." }', '1,234', '1234'],
    ['count: { column: v, decimal: "." }', ' ', undefined],
    [
      'count: { column: v, decimal: "." }',
      'x',
      '! invalid_integer: count: expected a number written like 1,234.50 in the column v; a repair gives it plain, as 12500; found "x"',
    ],
    ['ratio: { column: v, unit: percent }', '12.5%', '0.125'],
    ['ratio: { column: v, unit: percent }', 12.5, '0.125'],
    [
      'ratio: { column: v, unit: percent }',
      1e-9,
      '! invalid_number: ratio: expected a number written like 1,234.50 in the column v; a repair gives it plain, as 12500.5; found 1e-9',
    ],
    [
      'ratio: { column: v, unit: percent }',
      true,
      '! invalid_number: ratio: expected a number written like 1,234.50 in the column v; a repair gives it plain, as 12500.5; found true',
    ],
    ['price: { column: v, unit: millions }', '1100.04', '1100040000'],
    ['price: { column: v, decimal: ",", symbol: "€" }', '1.234,50 €', '1234.50'],
    [
      'price: { column: v, decimal: "," }',
      '1,234.50',
      '! invalid_money: price: expected a number written like 1.234,50 in the column v; a repair gives it plain, as 12500.5; found "1,234.50"',
    ],
    ['price: { column: v, decimal: "." }', 5, '5'],
    ['price: { column: v, decimal: "." }', 12345678901.2345, '12345678901.2345'],
    ['price: { column: v, unit: cents }', 1234567890123456, '12345678901234.56'],
    [
      'price: { column: v, decimal: "." }',
      9007199254740.994,
      '! too_many_digits: price: expected at most 15 digits in a JSON number in the column v; send the amount as a string; found 9007199254740.994',
    ],
    [
      'price: { column: v, unit: cents }',
      900719925474099.4,
      '! too_many_digits: price: expected at most 15 digits in a JSON number in the column v; send the amount as a string; found 900719925474099.4',
    ],
    ['ratio: { column: v, unit: percent }', 12.345678901234567, '0.12345678901234567'],
    ['price: v', '1.5', '1.5'],
    ['owner: { column: v, source_system: hr }', 'x', { source_system: 'hr', source_id: 'x' }],
    ['owner: { column: v, source_system: hr }', 7, { source_system: 'hr', source_id: 7 }],
    ['owner: { column: v, source_system: hr }', ' ', undefined],
    ['owner: { column: v, source_system: hr }', { source_system: 'x', source_id: '1' }, { source_system: 'x', source_id: '1' }],
    ['tags: { column: v, separator: ";" }', 'a; b', ['a', ' b']],
    ['tags: { column: v, separator: ";" }', ['a'], ['a']],
    ['tags: v', ['a'], ['a']],
    ['more: v', { a: 1 }, { a: 1 }],
    ['more: v', 'hello', 'hello'],
    ['more: v', '1e3', '1e3'],
    ['flag: v', 'yes', 'yes'],
    ['flag: { constant: true }', 'anything', true],
  ])('%s: %j is %j', (rule, value, expected) => {
    expect(read(rule, value)).toEqual(expected);
  });

  test.each<[JsonValue, unknown]>([
    ['{"a":1}', { a: 1 }],
    [{ a: 1 }, { a: 1 }],
    ['{"a":1234567890123456789}', { a: '1234567890123456789' }],
    ['{', '! invalid_json: more: expected JSON in the column v; found "{"'],
    [
      '['.repeat(100) + ']'.repeat(100),
      `! invalid_json: more: expected JSON in the column v; found "${'['.repeat(100)}${']'.repeat(100)}"`,
    ],
    [`[${'1,'.repeat(10_000)}1]`, expect.stringMatching(/^! invalid_json: more: expected JSON in the column v; found /)],
  ])('of a table are JSON as text: %j is %j', (cell, expected) => {
    const row = thingMapper('fields: { more: v }', ['id', 'v'])({ line: 4, values: ['1', cell] });
    const [error] = row.errors ?? [];
    expect(error === undefined ? row.fields.more : `! ${error.code}: ${error.message}`).toEqual(expected);
  });

  test('that are wrong stay in their field, to be repaired', () => {
    const row = thingMapper('fields: { day: { column: v, format: D.M.YYYY }, text: v }')({ line: 9, values: { id: '1', v: 'soon' } });
    expect(row.fields).toEqual({ day: 'soon', text: 'soon' });
    expect(row.errors).toMatchObject([{ line: 9, column: 'day', code: 'invalid_date', value: 'soon' }]);
  });

  test('of dates are remembered, but not without bounds', () => {
    const map = thingMapper('fields: { day: { column: v, format: M/D/YYYY } }');
    for (let count = 0; count < 12_000; count += 1) {
      const day = new Date(86_400_000 * count);
      const text = `${day.getUTCMonth() + 1}/${day.getUTCDate()}/${day.getUTCFullYear()}`;
      for (const value of [text, text, ` ${text} `.padEnd(20)]) {
        if (map({ line: 1, values: { id: '1', v: value } }).fields.day !== day.toISOString().slice(0, 10)) throw new Error(text);
      }
    }
  });
});

describe('rows', () => {
  const columns = ['region', 'id', 'v', 'state', 'note', 'spare'];
  const row = (...values: string[]) => ({ line: 3, values });

  test('have id, time, version, priority and deletion beside their fields', () => {
    const map = thingMapper(
      `occurred_at: { column: at, format: iso, zone: UTC }
source_version: rev
business_priority: { column: vip, values: { y: high }, default: low }
deleted: { column: gone, values: ["1"] }
fields: { text: v }`,
      ['id', 'v', 'at', 'rev', 'vip', 'gone'],
    );
    expect(map(row('1', 'a', '2017-03-01', '7', 'y', '1'))).toEqual({
      line: 3,
      source_id: '1',
      occurred_at: '2017-03-01T00:00:00Z',
      source_version: '7',
      business_priority: 'high',
      fields: { text: 'a' },
      deleted: true,
      original: undefined,
      repairs: undefined,
      errors: undefined,
    });
    expect(map(row('1', 'a', '', '', 'n', '0'))).toMatchObject({
      occurred_at: '',
      source_version: '',
      business_priority: 'low',
      deleted: false,
    });
  });

  test('mark a deletion by values of the mapping, whatever spaces are around them, or else by a boolean, which the record type judges', () => {
    const deletedOf = (rule: string) => {
      const map = thingMapper(`deleted: ${rule}\nfields: { text: v }`, ['id', 'v', 'gone']);
      return (gone: string) => map(row('1', 'a', gone)).deleted;
    };
    expect(['removed', ' removed ', 'Removed', ''].map(deletedOf('{ column: gone, values: ["removed "] }'))).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(['True ', 'no', 'banana', ''].map(deletedOf('{ column: gone }'))).toEqual(['True ', 'no', 'banana', '']);
  });

  test('of deletions are not judged by their fields', () => {
    const fields = 'fields: { text: { column: state, values: { Won: won } }, price: { column: v, decimal: "." } }';
    const map = thingMapper(`deleted: { column: state, values: [removed] }\n${fields}`, ['id', 'v', 'state']);
    expect(map(row('1', '-', 'removed'))).toMatchObject({ deleted: true, errors: undefined });
    expect(map(row('1', '-', 'gone')).errors?.map(({ code }) => code)).toEqual(['value_not_mapped', 'invalid_money']);
    const flagged = thingMapper(`deleted: { column: gone }\n${fields}\noccurred_at: { column: at, format: iso, zone: UTC }`, [
      'id',
      'v',
      'state',
      'gone',
      'at',
    ]);
    expect(flagged(row('1', '-', 'open', 'YES', '')).errors).toBeUndefined();
    expect(flagged(row('1', '-', 'open', 'YES', 'one day')).errors?.map(({ column }) => column)).toEqual(['occurred_at']);
  });

  test('have an id of several columns, of which none is empty', () => {
    const text = 'source_system: test\nrecord_type: thing\nsource_id: [region, id]\nseparator: ":"\nfields: {}';
    const map = compileMapping(parseMapping(text, 'm.yaml', [THING]), THING, columns);
    expect(map(row(' eu ', '1', '', '', '', '')).source_id).toBe('eu:1');
    expect(map(row('', '1', '', '', '', '')).source_id).toBeUndefined();
    const objects = compileMapping(parseMapping(text, 'm.yaml', [THING]), THING, undefined);
    expect(objects({ line: 1, values: { region: 'eu', id: 7 } }).source_id).toBe('eu:7');
    expect(objects({ line: 1, values: { id: 7 } }).source_id).toBeUndefined();
  });

  test('keep columns that are neither mapped nor left out under extra, whatever their names', () => {
    const map = thingMapper('fields: { text: v }\nignore: [note]', [...columns, 'kind', '__proto__']);
    const { fields } = map(row('eu', '1', 'a', '', 'n', 's', 'k', 'p'));
    expect(JSON.stringify(fields)).toBe('{"text":"a","extra":{"region":"eu","spare":"s","kind":"k","__proto__":"p"}}');
    expect(map(row('', '1', 'a', '', 'n', '', '', '')).fields).toEqual({ text: 'a' });
    expect(thingMapper('fields: { text: v }', ['id', 'v'])(row('1', 'a')).fields).toEqual({ text: 'a' });
  });

  test('of objects are read by name or path', () => {
    const map = thingMapper('fields: { text: a.b, kind: a.c.d, owner: "x.y" }\nignore: [skip]');
    const values: RowValues = { id: '1', a: { b: 'B', c: { d: 'D' }, e: 'E' }, 'x.y': 'O', skip: 1, keep: 2, none: null };
    expect(map({ line: 1, values }).fields).toEqual({ text: 'B', kind: 'D', owner: 'O', extra: { keep: 2 } });
    expect(map({ line: 1, values: { id: '1', a: 'flat', x: [] } }).fields).toEqual({});
    expect(map({ line: 1, values: ['1'] }).fields).toEqual({ extra: { 0: '1' } });
  });

  test('have no fields that the type has no longer', () => {
    const mapping = parseMapping('source_system: test\nrecord_type: thing\nsource_id: id\nfields: { text: v, count: w }', 'm.yaml', [
      THING,
    ]);
    const smaller = { ...THING, fields: THING.fields.slice(0, 1) };
    expect(compileMapping(mapping, smaller, ['id', 'v', 'w'])({ line: 1, values: ['1', 'a', '2'] }).fields).toEqual({ text: 'a' });
  });

  test('of the wrong kind have no values', () => {
    const map = thingMapper('fields: { text: v }', columns);
    expect(map({ line: 1, values: { id: '1', v: 'a' } })).toMatchObject({ source_id: undefined, fields: {} });
  });

  test('that could not be read are kept as their text', () => {
    const errors = [{ line: 3, code: 'invalid_quote', message: '' }];
    const map = thingMapper('fields: { text: v }', columns);
    expect(map({ line: 3, values: [], errors, raw: '"x' })).toEqual({ line: 3, fields: { extra: { raw: '"x' } }, errors });
    expect(map({ line: 3, values: [], errors })).toEqual({ line: 3, fields: {}, errors });
  });
});

describe('texts that look the same are the same, be they composed or decomposed', () => {
  const [composed, decomposed] = ['Z\u00fcrich', 'Zu\u0308rich'];
  const rules = (named: string) => `fields: { text: v, kind: { column: w, values: { ${named}: a } } }
repairs: [{ rule: city, columns: [v], replace: { ${named}: ok } }]
deleted: { column: d, values: [${named}] }`;

  test.each([
    [composed, decomposed],
    [decomposed, composed],
  ])('in repairs, tables of values and marks of deletion', (named, given) => {
    const map = thingMapper(rules(named), ['id', 'v', 'w', 'd']);
    expect(map({ line: 1, values: ['1', given, given, given] })).toMatchObject({
      fields: { text: 'ok', kind: 'a' },
      repairs: ['city'],
      original: { text: given },
      deleted: true,
      errors: undefined,
    });
    const nothing = thingMapper(`fields: { text: v }\nnull_values: [${named}]`, ['id', 'v']);
    expect(nothing({ line: 1, values: ['1', given] }).fields).toEqual({});
  });

  // The sign of the ohm, which is a letter in NFC, and is decomposed to it.
  const [sign, letter] = ['\u2126', '\u03a9'];

  test.each([
    [composed, decomposed],
    [decomposed, composed],
    [sign, sign],
    [letter, sign],
    [sign, letter],
  ])('in names of members and of what they hold', (named, given) => {
    const map = thingMapper(`fields: { text: ${named}, kind: ${named}.${named} }`);
    expect(map({ line: 1, values: { id: '1', [given]: 'a' } }).fields).toEqual({ text: 'a' });
    expect(map({ line: 1, values: { id: '1', [given]: { [given]: 'b' } } }).fields).toMatchObject({ kind: 'b' });
  });
});
