import { BUILTIN_RECORD_TYPES } from '@sophia/types';
import { describe, expect, test } from 'vitest';
import type { Mapping } from './mapping.ts';
import { checkMapping, findMapping } from './match-mapping.ts';
import { parseMapping } from './parse-mapping.ts';

const mappingOf = (name: string, more: string): Mapping =>
  parseMapping(`name: ${name}\nsource_system: crm\nrecord_type: deal\nsource_id: id\n${more}`, 'm.yaml', BUILTIN_RECORD_TYPES);
const table = (name: string | undefined, ...columns: string[]) => ({ name, columns, sample: [], description: {} });

describe('the mapping for a source', () => {
  const small = mappingOf('small', 'fields: { name: title }');
  const large = mappingOf('large', 'fields: { name: title, stage: state }');
  const named = mappingOf('named', 'match: { files: ["deal[s]*.csv", other.csv] }\nfields: { name: title }');

  test.each<[string | undefined, string[], string | undefined]>([
    ['x.csv', ['id', 'title'], 'small'],
    ['x.csv', ['id', 'title', 'state', 'more'], 'large'],
    ['DEAL[S]-2017.csv', ['id', 'title'], 'small'],
    ['deals.csv', ['id'], undefined],
    [undefined, ['id', 'title'], 'small'],
  ])('called %j with %j is %j', (name, columns, expected) => {
    expect(findMapping([small, large, named], table(name, ...columns))?.name).toBe(expected);
  });

  test('may ask for a file name', () => {
    expect(findMapping([named], table('DEAL[S]-2017.csv', 'id', 'title'))).toBe(named);
    expect(findMapping([named], table('dealx.csv', 'id', 'title'))).toBeUndefined();
    expect(findMapping([named], table(undefined, 'id', 'title'))).toBeUndefined();
  });

  test('of objects needs members that some row has', () => {
    const objects = (...values: object[]) => ({
      name: undefined,
      columns: undefined,
      description: {},
      sample: values.map((value, index) => ({ line: index, values: { ...value } })),
    });
    expect(findMapping([small], objects({ id: 1 }, { title: 'x' }))).toBe(small);
    expect(findMapping([small], objects({ id: 1 }))).toBeUndefined();
    expect(findMapping([small], objects())).toBe(small);
    expect(() => checkMapping(small, objects({ id: 1, titel: 'x' }))).toThrow(
      'The source has no column title, which the mapping small names; did you mean titel?',
    );
  });
});

test('a source without the columns is refused', () => {
  const mapping = mappingOf('deals', 'fields: { name: title, stage: state }');
  checkMapping(mapping, table('x', 'id', 'title', 'state'));
  expect(() => checkMapping(mapping, table('x', 'id', 'tilte', 'zzzzzzzz'))).toThrow(
    'The source has no column title, nor state, which the mapping deals names; did you mean tilte?',
  );
});

test('a mapping that was sent without a name is not named', () => {
  const mapping = mappingOf('the mapping', 'fields: { name: title }');
  expect(() => checkMapping(mapping, table('x', 'id'))).toThrow('The source has no column title, which the mapping names');
});

test('a misspelt column of a repair, or one that is left out, is told like others', () => {
  const mapping = mappingOf(
    'deals',
    'fields: { name: title }\nrepairs: [{ rule: x, columns: [titel], replace: { a: b } }]\nignore: [notse]',
  );
  const message = 'The source has no column titel, nor notse, which the mapping deals names; did you mean title?';
  expect(() => checkMapping(mapping, table('x', 'id', 'title', 'notes'))).toThrow(message);
  checkMapping(mapping, table('x', 'id', 'title', 'titel', 'notse'));
  const objects = { ...table('x'), columns: undefined, sample: [{ line: 1, values: { id: 1, title: 'x', titel: 'y' } }] };
  checkMapping(mapping, objects);
});

test('where the first row was read as data, the error says how to set it', () => {
  const mapping = mappingOf('deals', 'fields: { name: title }');
  const read = (present: boolean) => ({ ...table('x', 'id'), description: { header: { present, certain: true } } });
  expect(() => checkMapping(mapping, read(false))).toThrow('The first row was read as data; set header (--header)');
  expect(() => checkMapping(mapping, read(true))).not.toThrow('--header');
});
