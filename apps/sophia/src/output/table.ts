import type { Styles } from './styles.ts';
import { cutText, padText, plainText, textWidth } from './text-width.ts';

export interface TableColumn {
  readonly title: string;
  /** Where the column's edge is; numbers stand right. */
  readonly align?: 'left' | 'right' | undefined;
}

/** Columns are never made narrower than this. */
const NARROWEST = 6;
const GAP = '  ';

/** A table that fits the terminal's width: the widest columns are cut first. */
export const renderTable = (
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  { width, styles }: { readonly width: number | undefined; readonly styles: Styles },
): string => {
  const cells = rows.map((row) => row.map(plainText));
  const wanted = columns.map(({ title }, index) => Math.max(textWidth(title), ...cells.map((row) => textWidth(row[index] ?? ''))));
  const widths = width === undefined ? wanted : shrink(wanted, width - GAP.length * (columns.length - 1));
  const line = (texts: readonly string[]): string =>
    widths
      .map((columnWidth, index) => {
        const isLast = index === widths.length - 1;
        const side = columns[index]?.align === 'right' ? 'left' : 'right';
        const cut = cutText(texts[index] ?? '', columnWidth);
        return isLast && side === 'right' ? cut : padText(cut, columnWidth, side);
      })
      .join(GAP);
  const head = line(columns.map(({ title }) => title));
  const rule = widths.map((each) => '─'.repeat(each)).join(GAP);
  return [styles.strong(head), styles.faint(rule), ...cells.map(line)].map((each) => `${each.trimEnd()}\n`).join('');
};

const shrink = (wanted: readonly number[], available: number): readonly number[] => {
  const widths = [...wanted];
  let excess = widths.reduce((sum, each) => sum + each, 0) - available;
  while (excess > 0) {
    const widest = Math.max(...widths);
    if (widest <= NARROWEST) break;
    widths[widths.indexOf(widest)] = widest - 1;
    excess -= 1;
  }
  return widths;
};
