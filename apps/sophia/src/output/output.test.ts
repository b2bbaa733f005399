import type { SourceFreshness, SourceState } from '@sophia/types';
import { expect, it } from 'vitest';
import { renderChart } from './chart.ts';
import { renderCsv } from './csv.ts';
import { formatCell } from './format-cell.ts';
import { ago, duration, freshnessLine } from './freshness-line.ts';
import { progressText, renderReport } from './import-report.ts';
import { createProgressLine } from './progress.ts';
import { stylesOf } from './styles.ts';
import { renderTable } from './table.ts';
import { cutText, plainText, textWidth } from './text-width.ts';

const styles = stylesOf({ colour: false });
const coloured = stylesOf({ colour: true });
const NOW = Date.parse('2026-11-20T12:00:00Z');

it.each([
  ['3346293.0000', { type: 'decimal', format: 'currency' }, '3,346,293.00'],
  ['0.1234', { type: 'decimal', format: 'currency' }, '0.1234'],
  ['-1234.5', { type: 'decimal' }, '-1,234.5'],
  ['1000.0000', { type: 'decimal' }, '1,000'],
  [0.6315214, { type: 'number', format: 'percent' }, '63.15 %'],
  [48.26, { type: 'number', format: 'days' }, '48.3'],
  [4238, { type: 'integer' }, '4,238'],
  ['9007199254740993', { type: 'integer' }, '9,007,199,254,740,993'],
  [1234.567, { type: 'number' }, '1,234.57'],
  [2, { type: 'number', format: 'currency' }, '2.00'],
  [null, { type: 'number' }, '–'],
  ['Central', { type: 'text' }, 'Central'],
  [true, { type: 'boolean' }, 'true'],
] as const)('%s as %o is %s', (cell, column, text) => {
  expect(formatCell(cell, column)).toBe(text);
});

it('a table fits its width: the widest columns are cut, wide characters count twice, control characters do nothing', () => {
  const columns = [{ title: 'Name' }, { title: 'Amount', align: 'right' as const }];
  const rows = [
    ['a rather long name of a company', '1'],
    ['日本語', '22'],
    ['bad\u001b[31m\nname', '333'],
  ];
  expect(renderTable(columns, rows, { width: 24, styles })).toMatchInlineSnapshot(`
    "Name              Amount
    ────────────────  ──────
    a rather long n…       1
    日本語                22
    bad�[31m name        333
    "
  `);
  expect(renderTable(columns, rows, { width: undefined, styles })).toContain('a rather long name of a company');
  expect(renderTable(columns, [], { width: 80, styles: coloured })).toContain('\u001b[1mName');
  // No column is narrower than a few characters, whatever the terminal; cells that a row has not are empty.
  expect(renderTable(columns, [['Bolt']], { width: 5, styles })).toBe('Name  Amount\n────  ──────\nBolt\n');
  expect(textWidth('e\u0301')).toBe(1);
  expect(cutText('日本語', 4)).toBe('日…');
  expect(plainText('a\tb\u0007')).toBe('a b�');
});

it('CSV is quoted where it must be, and text that a spreadsheet would compute is neutralised', () => {
  expect(
    renderCsv(
      ['name', 'amount'],
      [
        ['=HYPERLINK("x")', '-5.5000'],
        ['+1 (555)', null],
        ['a,b', 1],
        ['@cmd', true],
      ],
    ),
  ).toBe('name,amount\r\n"\'=HYPERLINK(""x"")",-5.5000\r\n\'+1 (555),\r\n"a,b",1\r\n\'@cmd,true\r\n');
});

it('the line of freshness says how old the answer is, each source, and what is missing', () => {
  const sources = [
    { source_system: 'crm', last_record_at: '2026-11-20T11:59:57Z', last_sync_at: null, lag_seconds: 1, state: 'fresh' },
    { source_system: 'gong', last_record_at: null, last_sync_at: null, lag_seconds: null, state: 'failed' },
  ] as const;
  const freshness = {
    complete_to: '2026-11-20T11:59:59.500Z',
    position: 'x.1.0' as never,
    state: 'incomplete',
    set_aside: 2,
    sources,
  } as const;
  expect(freshnessLine(freshness, { styles, now: NOW })).toBe(
    'complete to 2026-11-20 11:59:59 UTC (0.5 s ago) · crm fresh, last record 3.0 s ago · gong failed, no records · incomplete: 2 events stand aside (sophia set-aside list)\n',
  );
  expect([9.94, 60, 600, 10_000, 400_000].map(duration)).toEqual(['9.9 s', '60 s', '10 min', '3 h', '5 days']);
  expect(ago('2026-11-20T12:00:02Z', NOW)).toBe('0.0 s ago');
  expect(ago('2026-11-20T15:00:00Z', NOW)).toBe("ahead of this machine's clock by 3 h");
});

it('the line of freshness counts many sources, and names the first that are not fresh', () => {
  const source = (source_system: string, state: SourceState) => ({
    source_system,
    last_record_at: '2026-11-20T11:59:57Z',
    last_sync_at: null,
    lag_seconds: 1,
    state,
  });
  const fresh = Array.from({ length: 400 }, (_, index) => source(`tenant ${index}`, 'fresh'));
  const line = (sources: readonly SourceFreshness[]) =>
    freshnessLine(
      { complete_to: '2026-11-20T12:00:00Z', position: 'x.1.0' as never, state: 'complete', sources },
      { styles, now: NOW },
    ).replace(/^complete to .*? · /, '');
  expect(line(fresh)).toBe('400 sources: 400 fresh (--json names them)\n');
  const others = [source('gong', 'late'), source('erp', 'incomplete'), source('shop', 'late'), source('crm', 'failed')];
  expect(line([...others, ...fresh])).toBe(
    '404 sources: 400 fresh, 2 late, 1 failed, 1 incomplete (--json names them) · crm failed, last record 3.0 s ago · gong late, last record 3.0 s ago · shop late, last record 3.0 s ago\n',
  );
});

it('a report adds up, names its rules, and shows the first rejected rows', () => {
  const report = {
    id: 'I1',
    name: 'deals.csv',
    kind: 'file',
    state: 'finished',
    read: 1_203,
    created: 1_000,
    updated: 1,
    unchanged: 200,
    stale: 3,
    rejected: 2,
    repairs: { product_spelling: 12 },
    errors: [
      { line: 3, code: 'invalid_money', column: 'amount', message: 'no amount', value: 'abc' },
      { line: 4, code: 'unreadable', message: 'no row' },
    ],
    deleted_by_version: 4,
    last_state: null,
    started_at: '',
    updated_at: '',
    finished_at: null,
    seconds: 1.5,
    rows_per_second: 802,
    seconds_left: null,
    failure: null,
    parameters: {},
    assumed: ['The encoding looks like windows-1252; set encoding if letters come out wrong.'],
    principal: 'key:1',
    token: null,
  } as const;
  expect(renderReport(report, styles)).toMatchInlineSnapshot(`
    "deals.csv: 1,203 read = 1,000 created + 1 updated + 200 unchanged (3 older than what is known) + 2 rejected
      repaired by product_spelling: 12
      deleted because their version was replaced: 4
      line 3, amount: no amount (found "abc") [invalid_money]
      line 4: no row [unreadable]
      to repair: sophia dead-letters list --import I1
      assumed: The encoding looks like windows-1252; set encoding if letters come out wrong.
      import I1, 1.5 s
    "
  `);
  expect(renderReport({ ...report, rejected: 500 }, styles)).toContain('all of them, and repairs: sophia dead-letters list --import I1');
  const told = { line: 9, code: 'invalid_money', message: 'amount: expected a decimal; found "abc"', column: 'amount', value: 'abc' };
  expect(renderReport({ ...report, errors: [told] }, styles)).toContain(
    '  line 9: amount: expected a decimal; found "abc" [invalid_money]\n',
  );
  const long = { ...told, message: 'x'.repeat(2_000) };
  for (const line of renderReport({ ...report, errors: [long] }, styles).split('\n')) expect(line.length).toBeLessThan(400);
  expect(progressText({ ...report, seconds_left: 9 })).toBe('1,203 rows, 2 rejected, 802 rows/s, 9.0 s left');
  expect(progressText({ ...report, rejected: 0 })).toBe('1,203 rows, 802 rows/s');
});

it('plots periods as a line and groups as bars', () => {
  const revenue = { name: 'revenue', type: 'decimal', format: 'currency', label: 'Revenue' } as const;
  const bars = renderChart(
    {
      columns: [{ name: 'office', type: 'text' }, revenue],
      rows: [
        ['West', '100'],
        [null, '50'],
      ],
    },
    { width: 40, styles, dimensions: 1 },
  );
  expect(bars).toMatchInlineSnapshot(`
    "Revenue
    West  100.00  ██████████████████████████
    –      50.00  █████████████
    "
  `);
  const signed = renderChart(
    {
      columns: [{ name: 'office', type: 'text' }, revenue],
      rows: [
        ['West', '100'],
        ['East', '-50'],
      ],
    },
    { width: 40, styles: coloured, dimensions: 1 },
  );
  expect(signed).toContain(`100.00  \u001b[32m${'█'.repeat(26)}\u001b[0m\n`);
  expect(signed).toContain(`-50.00  \u001b[31m${'▒'.repeat(13)}\u001b[0m\n`);
  const month = { name: 'month', type: 'date' } as const;
  const line = renderChart(
    {
      columns: [month, revenue],
      rows: [
        ['2017-01-01', '1000.4'],
        ['2017-02-01', null],
        ['2017-03-01', '3000'],
        ['2017-04-01', '2000'],
        [null, '7000'],
      ],
    },
    { width: 60, styles, dimensions: 1 },
  );
  expect(line).toMatchInlineSnapshot(`
    "Revenue
    3,000.00 ┤                        ────────────╮
    2,833.00 ┤                                    │
    2,667.00 ┤                                    │
    2,500.00 ┤                                    │
    2,333.00 ┤                                    │
    2,167.00 ┤                                    │
    2,000.00 ┤                                    ╰───────────
    1,834.00 ┤
    1,667.00 ┤
    1,500.00 ┤
    1,334.00 ┤
    1,167.00 ┤
    1,000.00 ┤────────────
              2017-01-01                            2017-04-01
    not drawn, for it has no period: 7,000.00
    "
  `);
  expect(renderChart({ columns: [revenue], rows: [['0']] }, { width: 40, styles, dimensions: 0 })).toContain('0.00');
  const small = renderChart(
    {
      columns: [month, { name: 'deals', type: 'number' }],
      rows: [
        ['2017-01-01', -1],
        ['2017-02-01', 2.5],
      ],
    },
    { width: 20, styles, dimensions: 1 },
  );
  expect(small).toMatch(/^deals\n +2\.5 ┤/);
  expect(small).toMatch(/\n +-1 ┤/);
  // One period, or none that has a value, is no line.
  for (const value of [null, '5']) {
    const rows = [
      ['2017-01-01', value],
      ['2017-02-01', null],
    ];
    expect(renderChart({ columns: [month, revenue], rows }, { width: 40, styles, dimensions: 1 })).toMatch(/\n2017-02-01 +–\n$/);
  }
});

it('a dimension of numbers names the bars, as it can be asked for, and is none', () => {
  const columns = [
    { name: 'company.founded_year', type: 'integer', label: 'Founded in' },
    { name: 'deals_won', type: 'integer' },
    { name: 'last_won', type: 'date' },
  ] as const;
  const rows = [
    [1979, 1_047, '2017-12-01'],
    [null, 2_094, '2017-11-01'],
  ];
  expect(renderChart({ columns, rows }, { width: 40, styles, dimensions: 1 })).toBe(
    `deals_won\n1979, 2017-12-01  1,047  ${'█'.repeat(7)}▌\n–, 2017-11-01     2,094  ${'█'.repeat(15)}\n`,
  );
});

it('a line of progress is written over where a person watches, as wide as the window is then, and nowhere else', () => {
  let written = '';
  let width = 80;
  const err = (text: string): void => {
    written += text;
  };
  const terminal = { out: err, err, columns: 20, errColumns: () => width, colour: false, interactive: true, input: process.stdin };
  const progress = createProgressLine(terminal);
  progress.clear();
  progress.show('x'.repeat(100));
  progress.clear();
  expect(written).toBe(`\r\u001b[2K${'x'.repeat(78)}…\r\u001b[2K`);
  // The numbers are what is watched: a name has what room they leave.
  const shown = (columns: number): string => {
    [width, written] = [columns, ''];
    progress.show('1,203 rows, 802 rows/s', 'große_日本語_文件名.csv');
    return written.slice('\r\u001b[2K'.length);
  };
  expect([80, 40, 26, 25, 10].map(shown)).toEqual([
    'große_日本語_文件名.csv: 1,203 rows, 802 rows/s',
    'große_日本語_…: 1,203 rows, 802 rows/s',
    '…: 1,203 rows, 802 rows/s',
    '1,203 rows, 802 rows/s',
    '1,203 ro…',
  ]);
  createProgressLine({ ...terminal, err: () => expect.unreachable(), interactive: false }).show('x');
});
