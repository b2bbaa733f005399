import { expect, it } from 'vitest';
import { stylesOf } from './styles.ts';
import { renderTable } from './table.ts';

const styles = stylesOf({ colour: false });

it('ids and numbers are never cut: other columns are, and a line that is still too long is longer', () => {
  const columns = [
    { title: 'Id', isWhole: true },
    { title: 'Name of the file' },
    { title: 'A long title of a number', align: 'right' as const },
    { title: 'Amount' },
  ];
  const rows = [['01M7YQ6SDE6TZEDKRYDVCVNCDQ', 'a file with a long name.csv', '3,346,293.00', '10054.50']];
  expect(renderTable(columns, rows, { width: 60, styles })).toMatchInlineSnapshot(`
    "Id                          Name of…  A long titl…  Amount
    ──────────────────────────  ────────  ────────────  ────────
    01M7YQ6SDE6TZEDKRYDVCVNCDQ  a file …  3,346,293.00  10054.50
    "
  `);
  expect(renderTable(columns, rows, { width: 20, styles })).toContain('01M7YQ6SDE6TZEDKRYDVCVNCDQ  a fil…  3,346,293.00  10054.50\n');
});
