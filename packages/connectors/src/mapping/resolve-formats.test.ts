import { BUILTIN_RECORD_TYPES, type RecordTypeDefinition } from '@sophia/types';
import { describe, expect, test } from 'vitest';
import { compileMapping } from './compile-mapping.ts';
import type { Mapping } from './mapping.ts';
import { parseMapping } from './parse-mapping.ts';
import { type FormatQuestion, resolveFormats } from './resolve-formats.ts';

const [deal] = BUILTIN_RECORD_TYPES;
const definition: RecordTypeDefinition = deal ?? { name: '', description: '', origin: 'builtin', fields: [], revision: 1 };
const COLUMNS = ['id', 'day', 'value', 'at', 'state'];

const mappingOf = (fields: string, more = ''): Mapping =>
  parseMapping(`source_system: crm\nrecord_type: deal\nsource_id: id\n${more}fields: ${fields}`, 'm.yaml', BUILTIN_RECORD_TYPES);
const rows = (...values: string[][]) => values.map((cells, index) => ({ line: index + 2, values: ['1', ...cells] }));
const ruleOf = (mapping: Mapping, name: string) =>
  mapping.fields.flatMap((each) => (each.field === name && each.kind === 'column' ? [each.rule] : []))[0];

describe('formats that a mapping leaves open', () => {
  test('are found in the data', async () => {
    const mapping = mappingOf(
      '{ close_date: day, amount: value, stage: state, currency: { constant: EUR } }',
      'occurred_at: at\nnull_values: [n/a]\n',
    );
    const sample = [
      ...rows(['1.3.2017', '1.234,50 €', '3/13/2017 9:00 AM', 'x'], ['n/a', '3 €', '', 'y']),
      { line: 4, values: [], errors: [] },
    ];
    const resolved = await resolveFormats(mapping, definition, COLUMNS, sample);
    expect(ruleOf(resolved, 'close_date')).toMatchObject({ format: 'D.M.YYYY' });
    expect(ruleOf(resolved, 'amount')).toMatchObject({ decimal: ',', symbol: '€' });
    expect(ruleOf(resolved, 'stage')).toEqual({ column: 'state' });
    expect(resolved.occurred_at).toMatchObject({ format: 'M/D/YYYY h:mm[:ss][ ]A' });
  });

  test('are left where the data are plain, empty or odd', async () => {
    const mapping = mappingOf('{ close_date: day, amount: value, engaged_on: state }');
    const resolved = await resolveFormats(mapping, definition, COLUMNS, rows(['', '12.5', '', 'soon'], ['', '3', '', 'later']));
    expect(resolved.fields).toEqual(mapping.fields);
  });

  test('and percent are found', async () => {
    const resolved = await resolveFormats(mappingOf('{ amount: value }'), definition, COLUMNS, rows(['', '12%', '', '']));
    expect(ruleOf(resolved, 'amount')).toMatchObject({ decimal: '.', symbol: '%', unit: 'percent' });
    const set = await resolveFormats(
      mappingOf('{ amount: { column: value, symbol: "%", unit: cents } }'),
      definition,
      COLUMNS,
      rows(['', '12%', '', '']),
    );
    expect(ruleOf(set, 'amount')).toMatchObject({ symbol: '%', unit: 'cents' });
  });

  test('are not looked for where they are set, or values are listed', async () => {
    const fields =
      '{ close_date: { column: day, format: D/M/YYYY }, amount: { column: value, decimal: "," }, engaged_on: { column: at, values: { a: 2017-01-01 } } }';
    const mapping = mappingOf(fields);
    const resolved = await resolveFormats(mapping, definition, COLUMNS, rows(['1/2/2017', '1,234', '1/2/2017', '']));
    expect(resolved.fields).toEqual(mapping.fields);
  });

  test('are found in repaired values', async () => {
    const mapping = mappingOf('{ close_date: day }', 'repairs: [{ rule: typo, columns: [day], replace: { "13/1/2107": 13/1/2017 } }]\n');
    const resolved = await resolveFormats(mapping, definition, COLUMNS, rows(['1/2/2017', '', '', ''], ['13/1/2107', '', '', '']));
    expect(ruleOf(resolved, 'close_date')).toMatchObject({ format: 'D/M/YYYY' });
  });
});

describe('what can be read in two ways', () => {
  const dates = rows(['1/2/2017', '1,234', '', '']);

  test('fails with both readings where nobody can be asked', async () => {
    await expect(resolveFormats(mappingOf('{ close_date: day }'), definition, COLUMNS, dates)).rejects.toMatchObject({
      code: 'ambiguous_date_format',
      message:
        'The column day can be read in two ways: "1/2/2017" is 2017-01-02 (format: "M/D/YYYY") or 2017-02-01 (format: "D/M/YYYY"). Set it for close_date in the mapping.',
      details: { column: 'day', field: 'close_date', example: '1/2/2017' },
    });
    const three = rows(['05/04/03', '', '', '']);
    await expect(resolveFormats(mappingOf('{ close_date: day }'), definition, COLUMNS, three)).rejects.toMatchObject({
      message:
        'The column day can be read in several ways: "05/04/03" is 2003-05-04 (format: "M/D/YY") or 2003-04-05 (format: "D/M/YY") or 2005-04-03 (format: "YY/M/D"). Set it for close_date in the mapping.',
    });
    await expect(resolveFormats(mappingOf('{ amount: value }'), definition, COLUMNS, dates)).rejects.toMatchObject({
      code: 'ambiguous_number_format',
      message:
        'The column value can be read in two ways: "1,234" is 1234 (decimal: ".") or 1.234 (decimal: ","). Set it for amount in the mapping.',
    });
  });

  test('percentages beside numbers without the sign: fails, is asked, or the unit is set', async () => {
    const shares = rows(['', '12 %', '', ''], ['', '0.5', '', '']);
    const resolved = (fields: string, answer?: string) =>
      resolveFormats(mappingOf(fields), definition, COLUMNS, shares, answer === undefined ? undefined : () => Promise.resolve(answer));
    await expect(resolved('{ amount: value }')).rejects.toMatchObject({
      code: 'ambiguous_number_format',
      message:
        'The column value can be read in two ways: "0.5" is 0.005 (unit: "percent") or 0.5 (decimal: "."). Set it for amount in the mapping.',
      details: {
        choices: [
          { key: 'unit', value: 'percent', reading: '0.005' },
          { key: 'decimal', value: '.', reading: '0.5' },
        ],
      },
    });
    expect(ruleOf(await resolved('{ amount: value }', 'percent'), 'amount')).toMatchObject({ decimal: '.', symbol: '%', unit: 'percent' });
    expect(ruleOf(await resolved('{ amount: value }', '.'), 'amount')).toEqual({ column: 'value', decimal: '.' });
    let asked = 0;
    await resolveFormats(mappingOf('{ amount: value }'), definition, COLUMNS, shares, async () => {
      asked += 1;
      return 'percent';
    });
    expect(asked).toBe(1);
    const set = await resolved('{ amount: { column: value, unit: percent } }');
    expect(ruleOf(set, 'amount')).toMatchObject({ decimal: '.', symbol: '%', unit: 'percent' });
  });

  test('percentages beside JSON numbers are asked like those without the sign, whatever the decimal sign of the texts', async () => {
    const resolved = async (texts: readonly string[], fields = '{ amount: value }', answers: string[] = []) => {
      const objects = [...texts, 0.5].map((value, index) => ({ line: index + 1, values: { id: index, value } }));
      const mapping = await resolveFormats(mappingOf(fields), definition, undefined, objects, async () => answers.shift() ?? '');
      return ruleOf(mapping, 'amount');
    };
    await expect(resolved(['12 %'])).rejects.toThrow('"0.5" is 0.005 (unit: "percent") or 0.5 (decimal: ".")');
    await expect(resolved(['12,5 %', '7 %'])).rejects.toThrow('"0,5" is 0.005 (unit: "percent") or 0.5 (decimal: ",")');
    expect(await resolved(['12 %'], '{ amount: value }', ['percent'])).toMatchObject({ decimal: '.', unit: 'percent' });
    expect(await resolved(['3,125 %'], '{ amount: value }', [',', 'percent'])).toMatchObject({ decimal: ',', unit: 'percent' });
    expect(await resolved(['12 %'], '{ amount: { column: value, unit: percent } }')).toMatchObject({ unit: 'percent' });
    expect(await resolved(['12 €'])).toMatchObject({ decimal: '.', symbol: '€', unit: undefined });
  });

  test('percentages beside numbers without the sign that a comma makes two of are asked twice, unless the unit is set', async () => {
    const resolved = async (rule: string, answers: string[]) => {
      const fees = rows(['', '3,125 %', '', ''], ['', '5', '', '']);
      return ruleOf(
        await resolveFormats(mappingOf(`{ amount: ${rule} }`), definition, COLUMNS, fees, async () => answers.shift() ?? ''),
        'amount',
      );
    };
    expect(await resolved('value', [',', 'percent'])).toMatchObject({ decimal: ',', symbol: '%', unit: 'percent' });
    expect(await resolved('value', [',', ','])).toEqual({ column: 'value', decimal: ',' });
    await expect(resolved('value', [','])).rejects.toThrow('"5" is 0.05 (unit: "percent") or 5 (decimal: ",")');
    expect(await resolved('{ column: value, unit: cents }', [','])).toMatchObject({ decimal: ',', symbol: '%', unit: 'cents' });
  });

  test('whole numbers of which none has a point in the sample: one of a later row is refused, since it may make thousands', async () => {
    const counts = { ...definition, fields: [{ name: 'count', type: 'integer' as const }] };
    const resolved = async (rule: string, ...values: string[]) => {
      const text = `source_system: crm\nrecord_type: deal\nsource_id: id\nfields: { count: ${rule} }`;
      const sample = rows(...values.map((value) => ['', value, '', '']));
      const mapping = await resolveFormats(parseMapping(text, 'm.yaml', [counts]), counts, COLUMNS, sample);
      const map = compileMapping(mapping, counts, COLUMNS);
      return (value: string) => {
        const row = map({ line: 9, values: ['1', '', value, '', ''] });
        return row.errors?.[0]?.code ?? row.fields.count;
      };
    };
    const plain = await resolved('value', '1', '900');
    expect([' 2.000 ', '2000', '2.0', '-25.000'].map(plain)).toEqual(['invalid_integer', '2000', '2.0', 'invalid_integer']);
    expect((await resolved('value', 'soon'))('2.000')).toBe('invalid_integer');
    expect((await resolved('value', '1.0', '900'))('2.000')).toBe('2.000');
    expect((await resolved('value'))('2.000')).toBe('2.000');
    expect((await resolved('{ column: value, decimal: "," }', '1'))('2.000')).toBe('2000');
    expect((await resolved('{ column: value, decimal: "." }', '1'))('2.000')).toBe('2.000');
  });

  test('whole numbers with points are asked, but for those that have a unit which leaves no decimals', async () => {
    const counts = { ...definition, fields: [{ name: 'count', type: 'integer' as const }] };
    const read = (rule: string) =>
      resolveFormats(
        parseMapping(`source_system: crm\nrecord_type: deal\nsource_id: id\nfields: { count: ${rule} }`, 'm.yaml', [counts]),
        counts,
        COLUMNS,
        rows(['', '1.234', '', ''], ['', '2.000', '', ''], ['', '', '', '']),
      );
    expect(ruleOf(await read('{ column: value, unit: thousands }'), 'count')).toEqual({ column: 'value', unit: 'thousands' });
    for (const rule of ['value', '{ column: value, unit: hours }']) {
      await expect(read(rule)).rejects.toMatchObject({
        code: 'ambiguous_number_format',
        message: expect.stringContaining('"1.234" is 1.234 (decimal: ".") or 1234 (decimal: ",")'),
      });
    }
  });

  test('what stands beside the numbers is kept with the answer', async () => {
    const answer = () => Promise.resolve(',');
    const dollars = await resolveFormats(mappingOf('{ amount: value }'), definition, COLUMNS, rows(['', '$1,234', '', '']), answer);
    expect(ruleOf(dollars, 'amount')).toMatchObject({ decimal: ',', symbol: '$' });
  });

  test('is asked', async () => {
    const questions: FormatQuestion[] = [];
    const answer = (choice: number) => (question: FormatQuestion) => {
      questions.push(question);
      return Promise.resolve(question.choices[choice]?.value ?? '');
    };
    const mapping = mappingOf('{ close_date: day, amount: value }');
    const first = await resolveFormats(mapping, definition, COLUMNS, dates, answer(0));
    expect([ruleOf(first, 'close_date')?.format, ruleOf(first, 'amount')?.decimal]).toEqual(['M/D/YYYY', '.']);
    const second = await resolveFormats(mapping, definition, COLUMNS, dates, answer(1));
    expect([ruleOf(second, 'close_date')?.format, ruleOf(second, 'amount')?.decimal]).toEqual(['D/M/YYYY', ',']);
    expect(questions.map((question) => question.column)).toEqual(['day', 'value', 'day', 'value']);
    await expect(resolveFormats(mapping, definition, COLUMNS, dates, answer(2))).rejects.toMatchObject({ code: 'ambiguous_date_format' });
  });
});
