import type { Cell } from '@sophia/types';

const NUMBER = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;

/** Rows as CSV (RFC 4180). Text that a spreadsheet would compute is neutralised by a leading apostrophe. */
export const renderCsv = (titles: readonly string[], rows: readonly (readonly Cell[])[]): string =>
  [titles, ...rows].map((row) => `${row.map(csvCell).join(',')}\r\n`).join('');

const csvCell = (cell: Cell): string => {
  const text = neutralised(cell === null ? '' : String(cell));
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** https://owasp.org/www-community/attacks/CSV_Injection */
const neutralised = (text: string): string => (/^[=+\-@\t\r]/.test(text) && !NUMBER.test(text) ? `'${text}` : text);
