import { BUILTIN_RECORD_TYPES } from '@sophia/types';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Mapping } from '../mapping/mapping.ts';
import { parseMapping } from '../mapping/parse-mapping.ts';
import { openSource } from '../read/open-source.ts';
import { readAll } from '../testing/read-all.ts';
import { type SuggestOptions, suggestMapping } from './suggest-mapping.ts';

const DATA = new URL('../../../../samples/crm/data/', import.meta.url);
const parse = (yaml: string): Mapping => parseMapping(yaml, 'suggested.yaml', BUILTIN_RECORD_TYPES);

async function suggest(content: string, name: string, options?: SuggestOptions): Promise<string> {
  const { source } = await readAll(content, { name });
  return suggestMapping(source, BUILTIN_RECORD_TYPES, options);
}

async function suggestSample(file: string, options?: SuggestOptions): Promise<string> {
  const source = await openSource({ kind: 'file', path: new URL(file, DATA).pathname });
  await source.close();
  return suggestMapping(source, BUILTIN_RECORD_TYPES, { sourceSystem: 'crm', ...options });
}

/** Where the fields of a suggestion come from. */
const columnsOf = (mapping: Mapping) =>
  Object.fromEntries(mapping.fields.map((field) => [field.field, field.kind === 'column' ? field.rule.column : field.value]));

test('a column that says which record a row is is no field of it', async () => {
  const mapping = parse(await suggest('source_id,status,amount,currency\nC-1,won,5,USD\nC-2,lost,7,USD\n', 'deals.csv'));
  expect(columnsOf(mapping)).toEqual({ status: 'status', amount: 'amount', currency: 'currency' });
});

test('a type that is not there is told', async () => {
  const refused = (recordType: string) => suggest('id,a\n1,2\n', 'x.csv', { recordType });
  await expect(refused('dael')).rejects.toMatchObject({
    code: 'unknown_record_type',
    message: 'There is no record type "dael"; did you mean deal?',
    details: { record_type: 'dael', nearest: ['deal'] },
  });
  await expect(refused('spaceship')).rejects.toMatchObject({
    message: expect.stringMatching(/^There is no record type "spaceship"; there are .*deal/),
    details: { nearest: [] },
  });
});

describe('the sample', () => {
  test('its deals are understood, but for what only a person knows', async () => {
    const known = new Map([
      ['product', ['GTX Basic', 'GTX Pro', 'GTX Plus Basic', 'GTX Plus Pro', 'MG Special', 'MG Advanced', 'GTK 500']],
    ]);
    expect(await suggestSample('sales_pipeline.csv', { known })).toBe(`# Suggested from the data: read what is marked "check".
match:
  files: ["sales_pipeline.csv"]
source_system: crm
record_type: deal
source_id: opportunity_id
fields:
  stage: deal_stage
  amount: close_value
  owner: sales_agent
  product: product
  engaged_on: { column: engage_date, format: M/D/YYYY }
  close_date: { column: close_date, format: M/D/YYYY }
  company_id: account
  # check: the status by the stage
  status:
    column: deal_stage
    values:
      Won: won
      Engaging: open
      Lost: lost
      Prospecting: open
  # check: the currency of amount is not in the data; USD is a guess
  currency: { constant: USD }
repairs:
  - rule: product_spelling # check: these look like misspellings
    columns: [product]
    replace:
      GTXPro: GTX Pro # 1480 rows
`);
  });

  test.each([
    ['sales_teams.csv', 'user', 'sales_agent', { name: 'sales_agent', manager: 'manager', office: 'regional_office' }],
    ['products.csv', 'product', 'product', { name: 'product', series: 'series', list_price: 'sales_price', currency: 'USD' }],
    [
      'accounts.csv',
      'company',
      'account',
      {
        name: 'account',
        industry: 'sector',
        annual_revenue: 'revenue',
        currency: 'USD',
        employees: 'employees',
        country: 'office_location',
        founded_year: 'year_established',
        parent_id: 'subsidiary_of',
      },
    ],
  ])('%s is a %s', async (file, type, id, columns) => {
    const mapping = parse(await suggestSample(file));
    expect([mapping.record_type, mapping.source_id]).toEqual([type, [id]]);
    expect(columnsOf(mapping)).toEqual(columns);
  });

  test('misspelt industries and countries are seen', async () => {
    const { repairs } = parse(await suggestSample('accounts.csv'));
    expect(repairs.map(({ columns, replace }) => [columns, [...replace]])).toEqual([
      [['sector'], [['technolgy', 'technology']]],
      [['office_location'], [['Philipines', 'Philippines']]],
    ]);
  });
});

describe('what cannot be known is marked', () => {
  test('dates and numbers that can be read in two ways, and times without an offset', async () => {
    const text = await suggest('call_id,started_at,duration\nc1,3/1/2017 10:00,"1,234"\nc2,4/1/2017 11:00,"2,345"\n', 'calls.csv');
    expect(text).toContain(
      '  # check: 3/1/2017 10:00 can be read in two ways; set format: M/D/YYYY H:mm[:ss[.S]][[ ]Z] (2017-03-01T10:00:00) or format: D/M/YYYY',
    );
    expect(text).toContain('  # check: times without an offset; set zone, for example zone: Europe/Berlin');
    expect(text).toContain('  # check: 1,234 can be read in two ways; set decimal: "." (1234) or decimal: "," (1.234)');
    expect(text).toContain('source_system: import # check: a name for the source, the same for all its files');
    expect(parse(text).record_type).toBe('call');
    const three = await suggest('call_id,started_at,duration\nc1,03/01/17 10:00,60\nc2,04/01/17 11:00,70\n', 'calls.csv');
    expect(three).toContain('  # check: 03/01/17 10:00 can be read in several ways; set format: M/D/YY');
  });

  test('a currency by its sign or code', async () => {
    const prices = (sign: string) => suggest(`product,price\nA,${sign}5\nB,${sign}6\n`, 'products.csv');
    expect(await prices('€')).toContain('currency: { constant: EUR }');
    expect(await prices('CHF ')).toContain('currency: { constant: CHF }');
    expect(await prices('')).toContain('# check: the currency of list_price is not in the data; USD is a guess');
    expect(await suggest('product,price,currency\nA,5,EUR\n', 'products.csv')).not.toContain('constant');
  });

  test('numbers with a decimal comma, and fields of a type of their own', async () => {
    expect(await suggest('product,price\nA,"5,5"\nB,6\n', 'products.csv')).toContain('list_price: { column: price, decimal: "," }');
    const own = {
      name: 'lamp',
      description: '',
      origin: 'workspace' as const,
      revision: 1,
      fields: [
        { name: 'lit', type: 'boolean' as const },
        { name: 'room', type: 'reference' as const },
      ],
    };
    const { source } = await readAll('lamp_id,lit,room\n1,yes,Big Hall\n2,no,BigHall\n', { name: 'lamps.csv' });
    const text = await suggestMapping(source, [own]);
    expect(text).toContain('  lit: lit\n  room: room\n');
    expect(text).toContain('BigHall: Big Hall # 1 row');
    const { source: other } = await readAll('lamp_id,lit\n1,perhaps\n2,no\n', { name: 'lamps.csv' });
    expect(await suggestMapping(other, [own])).not.toContain('lit: lit');
  });

  test('what nearly is a value that the field allows, never one that is', async () => {
    const shop = {
      name: 'shop',
      description: '',
      origin: 'workspace' as const,
      revision: 1,
      fields: [{ name: 'city', type: 'text' as const, values: ['Bonn', 'Bad Homburg'] }],
    };
    const { source } = await readAll('shop_id,city\n1,bonn\n2,bonn\n3,Bonn\n4,bad-homburg\n5,Bad Hombug\n', { name: 'shops.csv' });
    const { repairs } = parseMapping(await suggestMapping(source, [shop]), 'suggested.yaml', [shop]);
    expect(repairs.map(({ replace }) => [...replace])).toEqual([
      [
        ['bad-homburg', 'Bad Homburg'],
        ['Bad Hombug', 'Bad Homburg'],
      ],
    ]);
  });

  test('percentages and lists', async () => {
    const text = await suggest('call_id,talk_ratio,participants\nc1,12.5%,a; b\nc2,3%,c\n', 'calls.csv');
    expect(text).toContain('talk_ratio: { column: talk_ratio, decimal: ".", unit: percent }');
    expect(text).toContain('participants: { column: participants, separator: ";" }');
    const single = await suggest('issue_id,title,labels\n1,x,a\n2,y,b\n', 'issues.csv');
    expect(single).toContain(
      '  # check: each has one item; set what stands between several\n  labels: { column: labels, separator: "," }\n',
    );
    expect(await suggest('issue_id,title,labels\n1,x,"[""a""]"\n', 'issues.csv')).toContain('  labels: labels\n');
  });

  test('percentages beside shares, and whole numbers that may be thousands', async () => {
    const shares = await suggest('call_id,talk_ratio\nc1,12.5%\nc2,0.5\n', 'calls.csv');
    expect(shares).toContain(
      '  # check: 0.5 can be read in two ways; set unit: percent (0.005) or decimal: "." (0.5)\n  talk_ratio: talk_ratio\n',
    );
    const staff = await suggest('account,employees\nA,2.000\nB,10.000\n', 'accounts.csv');
    expect(staff).toContain('# check: 2.000 can be read in two ways; set decimal: "." (2.000) or decimal: "," (2000)');
    // What rejects them is not known before that is set.
    expect(await suggest('account,employees\nA,1.234\nB,7\n', 'accounts.csv')).not.toContain('# check: rejects');
  });

  test('what rejects rows of a field that holds no numbers, though its values look like numbers of two kinds', async () => {
    const issues = await suggest('{"id":1,"title":"x","labels":"12 %"}\n{"id":2,"title":"y","labels":5}\n', 'issues.ndjson');
    expect(issues).toContain('# check: rejects 1 of 2 sampled rows: labels: ');
  });

  test('values that are written otherwise than the type has them, by their case', async () => {
    const text = await suggest('id,status,amount\n1,Open,1\n2,WON,2\n3,lost,3\n4,paused,4\n', 'deals.csv');
    expect(text).toContain('    column: status\n    values:\n      Open: open\n      WON: won\n      lost: lost\n  amount');
    expect(text).toContain('# check: rejects 1 of 4 sampled rows: status: expected one of Open, WON, lost');
    expect(await suggest('id,status,amount\n1,open,1\n2,won,2\n', 'deals.csv')).toContain('  status: status\n');
    const many = Array.from({ length: 60 }, (_, i) => `${i},Open${i},1\n`).join('');
    expect(await suggest(`id,status,amount\n${many}`, 'deals.csv')).toContain('  status: status\n');
  });

  test('currencies by their names and signs', async () => {
    const text = await suggest('id,amount,currency\n1,1,US Dollars\n2,2,Euro\n3,3,gbp\n4,4,¥\n', 'deals.csv');
    expect(text).toContain('    column: currency\n    values:\n      US Dollars: USD\n      Euro: EUR\n      gbp: GBP\n      "¥": JPY\n');
    expect(text).not.toContain('rejects');
  });

  test('texts that mean no value, among numbers and values of a choice', async () => {
    const text = await suggest('id,name,amount,status\n1,none,N/A,open\n2,b,5,-\n3,c,6,won\n4,d,N/A,lost\n', 'deals.csv');
    expect(text).toContain('null_values: ["-", N/A] # check: these look like no value\n');
    expect(text).not.toContain('rejects');
    expect(parse(text).null_values).toEqual(['-', 'N/A']);
  });

  test('whatever rejects rows of the sample, with the first reason', async () => {
    const text = await suggest('id,amount,close_date\n1,5,2017-03-01 13:00\n2,6,2017-03-02 14:00\n', 'deals.csv');
    expect(text).toContain('  # check: rejects 2 of 2 sampled rows: close_date: expected a calendar day without a time');
    expect(await suggest('id,amount,close_date\n1,5,3/1/2017\n2,6,4/1/2017\n', 'deals.csv')).not.toContain('rejects');
    const lamp = {
      name: 'lamp',
      description: '',
      origin: 'workspace' as const,
      revision: 1,
      fields: [
        { name: 'lit', type: 'boolean' as const },
        { name: 'room', type: 'text' as const, required: true },
      ],
    };
    const { source } = await readAll('lamp_id,lit\n1,yes\n2,no\n', { name: 'lamps.csv' });
    expect(await suggestMapping(source, [lamp], { sourceSystem: 'No Name' })).toContain('# check: rejects 2 of 2 sampled rows: room: ');
  });

  test('a source without a column that names its rows', async () => {
    const text = await suggest('stage,amount\nWon,1\nWon,1\n', 'deals.csv');
    expect(text).toContain('source_id: [] # check: no column is different in every row; name the column, or columns, of the id');
    expect(() => parse(text)).toThrow('a mapping needs source_id');
  });

  test('a source like no type, and columns that nothing uses', async () => {
    const text = await suggest('"x, y",on,"q""\u0085"\n1,2,3\n4,5,6\n', 'misc.csv');
    expect(text).toContain('# check: no type fits well; a type of your own can be defined');
    expect(text).toContain('fields: {} # check: no column is a field of the type by its name');
    expect(parse(text).source_id).toEqual(['x, y']);
    expect(text.split('\n').at(-2)).toMatch(/^# ignore: \["on", /);
  });

  test('a stage that tells no outcome gives no status, nor does one beside a status', async () => {
    expect(await suggest('deal_id,stage\nd1,one\nd2,two\n', 'deals.csv')).not.toContain('status');
    expect(columnsOf(parse(await suggest('deal_id,stage,outcome\nd1,Closed Won,won\nd2,x,open\n', 'deals.csv')))).toMatchObject({
      status: 'outcome',
    });
    const many = Array.from({ length: 60 }, (_, i) => `d${i},won ${i}`).join('\n');
    expect(await suggest(`deal_id,stage\n${many}\n`, 'deals.csv')).not.toContain('status');
  });

  test('two spellings in one column, the rarer after the more frequent', async () => {
    const { repairs } = parse(
      await suggest('user_id,office\n1,New York\n2,New York\n3,NewYork\n4,LA\n5,L A\n6,Nice\n7,Nicé\n8,Big Rock\n9,Bigrock\n', 'users.csv'),
    );
    expect(repairs.map(({ columns, replace }) => [columns, [...replace]])).toEqual([
      [
        ['office'],
        [
          ['NewYork', 'New York'],
          ['Bigrock', 'Big Rock'],
        ],
      ],
    ]);
  });

  test('references are held against what is known, unless that is too much', async () => {
    const content = 'deal_id,owner\n1,Bob Smih\n2,bob smith\n3,Eve\n4,Alexandra Petersen\n';
    const repairs = async (ids: readonly string[]) =>
      parse(await suggest(content, 'deals.csv', { known: new Map([['user', ids]]) })).repairs;
    expect((await repairs(['Bob Smith', 'Alexander Peterson', 'Eva'])).map(({ replace }) => [...replace])).toEqual([
      [['Bob Smih', 'Bob Smith']],
    ]);
    expect(await repairs(Array.from({ length: 300_000 }, (_, i) => `Bob Smit${i}`))).toEqual([]);
  });
});

test('a column of days is no text, though it is called like one', async () => {
  const mapping = parse(await suggest('id,job_title,email\n1,2017-03-01,a@b.org\n2,2017-03-02,c@d.org\n', 'contacts.csv'));
  expect(columnsOf(mapping)).toEqual({ email: 'email' });
});

test('types and fields that are called like what every object has', async () => {
  const own = (name: string, field: string) => ({
    name,
    description: '',
    origin: 'workspace' as const,
    revision: 1,
    fields: [{ name: field, type: 'text' as const }],
  });
  const { source } = await readAll('id,Constructor\n1,a\n2,b\n', { name: 'constructors.csv' });
  for (const type of [own('constructor', 'name'), own('thing', 'constructor'), own('constructor', 'constructor')]) {
    const suggested = await suggestMapping(source, [...BUILTIN_RECORD_TYPES, type], { recordType: type.name });
    expect(parseMapping(suggested, 'suggested.yaml', [type])).toMatchObject({ record_type: type.name, source_id: ['id'] });
    expect(suggested.includes('  constructor: Constructor')).toBe(type.fields[0]?.name === 'constructor');
  }
});

describe('sources of objects', () => {
  test('have at most as many members as a table has columns', async () => {
    const members = (row: number, count: number): string =>
      JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${row}_${index}`, row])));
    const rows = (count: number): string => [0, 1, 2].map((row) => members(row, count)).join('\n');
    expect(await suggest(rows(666), 'few.ndjson')).toContain('k2_665');
    await expect(suggest(rows(667), 'many.ndjson')).rejects.toMatchObject({
      code: 'too_many_columns',
      message: 'The rows have more than 2000 members of different names.',
    });
  });

  test('may hold maps by ids of any number, which are one member then', async () => {
    const row = (id: number): string =>
      JSON.stringify({
        id,
        title: 'x',
        prices: Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`sku_${id}_${index}`, index])),
      });
    const text = await suggest(Array.from({ length: 70 }, (_, id) => row(id)).join('\n'), 'issues.ndjson');
    expect(text).toContain('  title: title\n');
    expect(text).toContain('prices');
    expect(text).not.toContain('sku_');
  });

  test('others have their turn while the types are looked through', async () => {
    let turns = 0;
    const count = (): void => {
      turns += 1;
      turn = setImmediate(count);
    };
    let turn = setImmediate(count);
    await suggest('id,name\n1,x\n', 'x.csv');
    clearImmediate(turn);
    expect(turns).toBeGreaterThanOrEqual(BUILTIN_RECORD_TYPES.length - 1);
  });

  test('are understood by names and paths', async () => {
    const lines = [
      { id: 1, subject: 'A', status: 'open', assignedTo: { email: 'a@b.org' }, tags: ['x'], dueDate: '2017-03-01' },
      { id: 2, subject: 'B', status: 'done', assignedTo: { email: 'c@d.org' }, tags: [], dueDate: null },
    ];
    const mapping = parse(
      await suggest(lines.map((line) => `${JSON.stringify(line)}\nbroken\n`).join(''), 'tickets.ndjson', {
        sourceSystem: 'help desk'.replace(' ', '_'),
      }),
    );
    expect([mapping.record_type, mapping.source_id, mapping.source_system]).toEqual(['issue', ['id'], 'help_desk']);
    expect(columnsOf(mapping)).toMatchObject({ title: 'subject', state: 'status', labels: 'tags', due_date: 'dueDate' });
  });

  test('may be told their type', async () => {
    expect(parse(await suggest('{"id":1,"name":"x"}\n{"id":2,"name":"y"}', 'x.ndjson', { recordType: 'contact' })).record_type).toBe(
      'contact',
    );
  });
});

test('a source without columns has no mapping', async () => {
  await expect(suggest('', 'x.csv')).rejects.toMatchObject({ code: 'unknown_format' });
  const source = { name: undefined, columns: ['id', 'name', 'flag'], sample: [{ line: 1, values: ['1', 'x', 'yes'] }] };
  await expect(suggestMapping(source, [])).rejects.toMatchObject({ code: 'unknown_format' });
  expect(await suggestMapping(source, BUILTIN_RECORD_TYPES)).not.toContain('match:');
});

test('law: whatever the names and values, the suggestion is a mapping that can be read, or lacks only its id', async () => {
  const word = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.constantFrom('id', 'name', 'amount', 'close_date', '1,234', '1/2/2017', 'yes', 'null', '# x', '*a', '€5'),
  );
  const cells = fc.array(word, { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(cells, fc.array(cells, { maxLength: 5 }), fc.string({ maxLength: 20 }), async (header, rows, name) => {
      const columns = [...new Set(['first', ...header])];
      const sample = rows.map((values, index) => ({ line: index + 2, values }));
      const text = await suggestMapping({ name, columns, sample }, BUILTIN_RECORD_TYPES);
      if (!text.includes('source_id: []')) expect(parse(text).source_id).toHaveLength(1);
    }),
    { numRuns: 40 },
  );
});
