import { isSophiaError } from '@sophia/shared';
import { BUILTIN_RECORD_TYPES } from '@sophia/types';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseMapping } from './parse-mapping.ts';

const parse = (text: string) => parseMapping(text, 'maps/deals.yaml', BUILTIN_RECORD_TYPES);

/** The lines of the error's message. */
function problems(text: string): readonly string[] {
  try {
    parse(text);
  } catch (error) {
    if (isSophiaError(error, 'mapping_invalid')) return error.message.split('\n');
    throw error;
  }
  return [];
}

const HEAD = 'source_system: crm\nrecord_type: deal\nsource_id: id\n';

describe('a mapping file', () => {
  test('says for every field where its values come from', () => {
    const mapping = parse(`
name: deals
match: { columns: [id, value], files: ["deals*.csv"] }
source_system: crm
record_type: deal
source_id: [region, 007]
separator: "-"
occurred_at: { column: changed, format: iso, zone: Europe/Berlin }
source_version: revision
business_priority: { column: vip, values: { "yes": high }, default: low }
deleted: { column: state, values: [gone] }
fields:
  name: title
  stage: 12
  status: { column: state, values: { Won: won, 2: lost, Odd: null }, default: open }
  amount: { column: value, decimal: ",", symbol: €, unit: thousands }
  currency: { constant: EUR }
  close_date: { column: closed, format: D.M.YYYY }
  owner: { column: owner_id, source_system: hr }
repairs:
  - { rule: spelling, columns: [title], replace: { Nwe: New, empty: } }
  - { rule: trimmed, trim: true }
null_values: [n/a, "-"]
ignore: [note]
`);
    expect(mapping).toMatchObject({
      name: 'deals',
      match: { columns: ['id', 'value'], files: ['deals*.csv'] },
      source_id: ['region', '007'],
      separator: '-',
      occurred_at: { column: 'changed', format: 'iso', zone: 'Europe/Berlin' },
      source_version: 'revision',
      deleted: { column: 'state', values: ['gone'] },
      null_values: ['n/a', '-'],
      ignore: ['note'],
    });
    expect(mapping.fields).toMatchObject([
      { field: 'name', kind: 'column', rule: { column: 'title' } },
      { field: 'stage', kind: 'column', rule: { column: '12' } },
      {
        field: 'status',
        rule: {
          values: new Map([
            ['Won', 'won'],
            ['2', 'lost'],
            ['Odd', null],
          ]),
          default: 'open',
        },
      },
      { field: 'amount', rule: { column: 'value', decimal: ',', symbol: '€', unit: 'thousands' } },
      { field: 'currency', kind: 'constant', value: 'EUR' },
      { field: 'close_date', rule: { column: 'closed', format: 'D.M.YYYY' } },
      { field: 'owner', rule: { column: 'owner_id', source_system: 'hr' } },
    ]);
    expect(mapping.repairs).toEqual([
      {
        rule: 'spelling',
        columns: ['title'],
        replace: new Map([
          ['Nwe', 'New'],
          ['empty', ''],
        ]),
        trim: false,
      },
      { rule: 'trimmed', columns: [], replace: new Map(), trim: true },
    ]);
  });

  test('keeps the digits of numbers that a double does not hold, wherever they stand', () => {
    const { fields, repairs } = parse(`${HEAD}fields:
  name: { constant: 10150000000000007 }
  amount: { constant: 12345678901234.4999 }
  stage: { column: s, values: { a: -10150000000000007, b: 1e400, c: .inf, d: 0.10000000000000001 }, default: 10150000000000008 }
  pipeline: { column: p, values: { a: 9007199254740991, b: 1.50, c: 0x10, d: 1e20, e: "7", f: 0.30000000000000004 } }
repairs: [{ rule: moved, columns: [v], replace: { 10150000000000005: 10150000000000007 } }]
`);
    const rules = fields.map((each) =>
      each.kind === 'constant' ? each.value : [...(each.rule.values?.values() ?? []), each.rule.default],
    );
    expect(rules).toEqual([
      '10150000000000007',
      '12345678901234.4999',
      ['-10150000000000007', '1e400', '.inf', '0.10000000000000001', '10150000000000008'],
      [9007199254740991, 1.5, 16, 1e20, '7', 0.30000000000000004, undefined],
    ]);
    expect(repairs[0]?.replace).toEqual(new Map([['10150000000000005', '10150000000000007']]));
  });

  test('needs little', () => {
    expect(parse(`${HEAD}fields: { status: { column: state } }`).fields).toMatchObject([{ rule: { column: 'state', values: undefined } }]);
    const mapping = parse(
      `${HEAD}fields: { name: title, stage: title }\ndeleted: { column: gone }\nrepairs:\nbusiness_priority: vip\noccurred_at:`,
    );
    expect(mapping.name).toBe('deals');
    expect(mapping.match).toEqual({ columns: ['id', 'title', 'vip', 'gone'], files: [] });
    expect(mapping.deleted).toEqual({ column: 'gone' });
    expect(mapping.separator).toBe('/');
    expect(mapping.repairs).toEqual([]);
  });
});

describe('what is wrong is told with its line and the nearest right name', () => {
  test.each<[string, string]>([
    [`${HEAD}fields: {}\nreparis: []`, 'maps/deals.yaml:5: a mapping has no key reparis; did you mean repairs?'],
    [`${HEAD}fields: {}\nqqqqqq: []`, 'maps/deals.yaml:5: a mapping has no key qqqqqq; known are name, match, source_system'],
    [
      'source_system: crm\nrecord_type: deel\nsource_id: a\nfields: { x: y }',
      'maps/deals.yaml:2: there is no record type deel; did you mean deal?',
    ],
    ['source_system: crm\nsource_id: a\nfields: {}', 'maps/deals.yaml:1: a mapping needs record_type'],
    ['source_system: CRM x\nrecord_type: deal\nsource_id: a\nfields: {}', 'maps/deals.yaml:1: source_system is made of lower-case letters'],
    ['source_system:\nrecord_type: deal\nsource_id: a\nfields: {}', 'maps/deals.yaml:1: a mapping needs source_system'],
    [
      'source_system: crm\nrecord_type: deal\nfields: {}',
      'maps/deals.yaml:1: a mapping needs source_id: the column, or columns, of the id',
    ],
    [`${HEAD}fields: {}\nseparator: ""`, 'maps/deals.yaml:5: separator is a text without backslashes'],
    [`${HEAD}fields: {}\nseparator: '\\'`, 'maps/deals.yaml:5: separator is a text without backslashes'],
    [HEAD, 'maps/deals.yaml:1: a mapping needs fields: a column or a constant for each'],
    [`${HEAD}fields: [a]`, 'maps/deals.yaml:4: fields must be a map of keys and values'],
    [`${HEAD}fields:\n  stag: y`, 'maps/deals.yaml:5: deal has no field stag; did you mean stage?'],
    [`${HEAD}fields:\n  stage: [a]`, 'maps/deals.yaml:5: stage must be a map of keys and values'],
    [`${HEAD}fields:\n  stage:`, 'maps/deals.yaml:5: fields needs stage'],
    [`${HEAD}fields:\n  stage: { colum: a }`, 'maps/deals.yaml:5: stage has no key colum; did you mean column?'],
    [`${HEAD}fields:\n  stage: { constant: { a: 1 } }`, 'maps/deals.yaml:5: constant must be a plain value'],
    [`${HEAD}fields:\n  stage: { constant: a, column: b }`, 'maps/deals.yaml:5: stage has no key column'],
    [`${HEAD}fields:\n  amount: { column: a, unit: milions }`, 'maps/deals.yaml:5: there is no unit milions; did you mean millions?'],
    [`${HEAD}fields:\n  amount: { column: a, decimal: x }`, 'maps/deals.yaml:5: decimal must be "." or ","'],
    [`${HEAD}fields:\n  stage: { column: a, unit: millions }`, 'maps/deals.yaml:5: stage has no key unit'],
    [`${HEAD}fields:\n  status: { column: a, values: { a: wonn } }`, 'maps/deals.yaml:5: status cannot be wonn; did you mean won?'],
    [
      `${HEAD}fields:\n  status: { column: a, values: { a: won }, default: zzzzzz }`,
      'maps/deals.yaml:5: status cannot be zzzzzz; known are open, won, lost',
    ],
    [
      `${HEAD}fields:\n  status: { column: a, default: won }`,
      'maps/deals.yaml:5: default needs values: it stands for the texts that they leave out',
    ],
    [`${HEAD}fields:\n  status: { column: a, values: [won] }`, 'maps/deals.yaml:5: values must be a map of keys and values'],
    [
      `${HEAD}fields:\n  close_date: { column: a, format: MM/QQ }`,
      'maps/deals.yaml:5: MM/QQ is no date format; one is M/D/YYYY, D.M.YYYY H:mm, iso or epoch_seconds',
    ],
    [
      `${HEAD}fields: {}\noccurred_at: { column: a, zone: Europe/Berlinn }`,
      'maps/deals.yaml:5: there is no time zone Europe/Berlinn; did you mean Europe/Berlin?',
    ],
    [`${HEAD}fields: {}\noccurred_at: { column: a, zone: "?" }`, 'maps/deals.yaml:5: there is no time zone ?'],
    [`${HEAD}fields: {}\nrepairs:\n  - rule: x`, 'maps/deals.yaml:6: a repair needs replace or trim'],
    [`${HEAD}fields: {}\nrepairs:\n  - trim: true`, 'maps/deals.yaml:6: each of repairs needs rule'],
    [`${HEAD}fields: {}\nrepairs:\n  - { rule: x, trim: maybe, replace: { a: b } }`, 'maps/deals.yaml:6: trim must be true or false'],
    [`${HEAD}fields: {}\nrepairs: { a: b }`, 'maps/deals.yaml:5: repairs must be a list'],
    [`${HEAD}fields: {}\nignore: [a, { b: c }]`, 'maps/deals.yaml:5: ignore must be a plain value'],
    [`${HEAD}fields: {}\n? [a]\n: b`, ''],
    ['', 'maps/deals.yaml:1: a mapping must be a map of keys and values'],
    ['- 1', 'maps/deals.yaml:1: a mapping must be a map of keys and values'],
    ['a: [', 'maps/deals.yaml:1: Flow sequence'],
    [`#${'x'.repeat(300_000)}`, 'maps/deals.yaml:1: a mapping has at most 262,144 characters'],
    [`${HEAD}fields: {}\n---\na: b`, 'maps/deals.yaml:1: a mapping is one document'],
    [`${HEAD}fields: {}\nsource_system: x`, 'maps/deals.yaml:5: a mapping has source_system twice'],
  ])('%j', (text, first) => {
    expect(problems(text)[0] ?? '').toContain(first);
  });

  test.each([
    ['maps', `fields: ${'{a: '.repeat(65_000)}`, 'maps/deals.yaml:4: nested deeper than 200 levels'],
    ['lists', `fields:\n${'- '.repeat(100_000)}`, 'maps/deals.yaml:5: nested deeper than 200 levels'],
    ['signs', `fields: [${','.repeat(200_000)}`, 'maps/deals.yaml:4: more than 50,000 names, values and signs'],
  ])('what would hold up all else is not read: %s without end', (_, text, told) => {
    expect(problems(`${HEAD}${text}`)).toEqual([told]);
  });

  test('five problems are shown and the others counted', () => {
    const found = problems(`${HEAD}fields:\n${['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => `  zz${name}: x`).join('\n')}`);
    expect(found).toHaveLength(6);
    expect(found[5]).toBe('and 2 more');
  });
});

test('law: whatever the text, the answer is a mapping or mapping_invalid', () => {
  const pieces = fc.constantFrom(
    'source_system',
    'fields',
    'deal',
    ': ',
    '\n',
    '- ',
    '{',
    '}',
    '[',
    ']',
    '"',
    '&a',
    '*a',
    '!!',
    '#',
    '  ',
    '|',
    '?',
    '\t',
    '\0',
    '%',
    'column',
  );
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(pieces).map((parts) => parts.join('')),
    fc.array(pieces).map((parts) => HEAD + parts.join('')),
  );
  fc.assert(
    fc.property(texts, (text) => {
      problems(text);
    }),
    { numRuns: 100 },
  );
  expect(problems('['.repeat(5000))).not.toEqual([]);
});
