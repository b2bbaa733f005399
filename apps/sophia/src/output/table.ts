import type { Styles } from './styles.ts';
import { cutText, padText, plainText, textWidth } from './text-width.ts';

export interface TableColumn {
  readonly title: string;
  /** Where the column's edge is; numbers stand right. */
  readonly align?: 'left' | 'right' | undefined;
  /** Whether what stands there is of no use when it is cut, as an id is: numbers are never cut. */
  readonly isWhole?: boolean | undefined;
}

/** Columns are never made narrower than this. */
const NARROWEST = 6;
const NUMBER = /^-?[\d,]+(\.\d+)?( %)?$/;
const GAP = '  ';

/** A table that fits the terminal's width: the widest columns are cut first. Where ids and numbers alone are wider, its lines are longer. */
export const renderTable = (
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  { width, styles }: { readonly width: number | undefined; readonly styles: Styles },
): string => {
  const layout = columns.map((column, index) => ({ ...column, cells: rows.map((row) => plainText(row[index] ?? '')) }));
  const wanted = layout.map(({ title, cells }) => Math.max(textWidth(title), widestOf(cells)));
  const least = layout.map((column) => Math.max(NARROWEST, isWhole(column) ? widestOf(column.cells) : 0));
  const widths = width === undefined ? wanted : shrink(wanted, least, width - GAP.length * (columns.length - 1));
  const line = (texts: readonly string[]): string =>
    widths
      .map((columnWidth, index) => {
        const isLast = index === widths.length - 1;
        const side = columns[index]?.align === 'right' ? 'left' : 'right';
        const cut = cutText(String(texts[index]), columnWidth);
        return isLast && side === 'right' ? cut : padText(cut, columnWidth, side);
      })
      .join(GAP);
  const head = line(columns.map(({ title }) => title));
  const rule = widths.map((each) => '─'.repeat(each)).join(GAP);
  const body = rows.map((_, index) => line(layout.map(({ cells }) => String(cells[index]))));
  return [styles.strong(head), styles.faint(rule), ...body].map((each) => `${each.trimEnd()}\n`).join('');
};

const widestOf = (cells: readonly string[]): number => cells.reduce((most, cell) => Math.max(most, textWidth(cell)), 0);

const isWhole = ({ align, isWhole: isTold, cells }: TableColumn & { readonly cells: readonly string[] }): boolean =>
  isTold === true || align === 'right' || cells.every((cell) => NUMBER.test(cell));

/** Takes from the widest that may be narrower, one by one. */
const shrink = (wanted: readonly number[], least: readonly number[], available: number): readonly number[] => {
  const widths = [...wanted];
  let excess = widths.reduce((sum, each) => sum + each, 0) - available;
  while (excess > 0) {
    const free = widths.map((width, index) => (width > Number(least[index]) ? width : 0));
    const widest = Math.max(...free);
    if (widest === 0) break;
    widths[free.indexOf(widest)] = widest - 1;
    excess -= 1;
  }
  return widths;
};
