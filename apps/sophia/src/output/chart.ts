import type { AnswerColumn, Cell } from '@sophia/types';
import { plot } from 'asciichart';
import { formatCell, isNumeric, titleOf } from './format-cell.ts';
import type { Styles } from './styles.ts';
import { cutText, padText, plainText, textWidth } from './text-width.ts';

export interface ChartOptions {
  readonly width: number;
  readonly styles: Styles;
}

interface Answer {
  readonly columns: readonly AnswerColumn[];
  readonly rows: readonly (readonly Cell[])[];
}

const LINES = 12;
const LONGEST_LABEL = 30;

/** One plot for each metric: a line over periods, bars over groups. */
export const renderChart = ({ columns, rows }: Answer, options: ChartOptions): string => {
  const metrics = columns.map((column, index) => ({ column, index })).filter(({ column }) => isNumeric(column));
  const dimensions = columns.map((column, index) => ({ column, index })).filter(({ column }) => !isNumeric(column));
  const [first] = dimensions;
  const isSeries = dimensions.length === 1 && (first?.column.type === 'date' || first?.column.type === 'timestamp') && rows.length > 1;
  return metrics
    .map(({ column, index }) => {
      const title = options.styles.strong(titleOf(column));
      const values = rows.map((row) => row[index] ?? null);
      const labels = rows.map(
        (row) => dimensions.map((each) => formatCell(row[each.index] ?? null, each.column)).join(', ') || column.name,
      );
      return `${title}\n${isSeries ? line(labels, values, column, options) : bars(labels, values, column, options)}`;
    })
    .join('\n');
};

const line = (labels: readonly string[], values: readonly Cell[], column: AnswerColumn, { width, styles }: ChartOptions): string => {
  const numbers = values.map((value) => (value === null ? 0 : Number(value)));
  const margin = Math.max(...numbers.map((each) => textWidth(formatCell(each, column)))) + 3;
  const places = Math.max(
    2,
    Math.min(width - margin, Math.max(numbers.length, Math.floor((width - margin) / numbers.length) * numbers.length)),
  );
  const drawn = plot(stretch(numbers, places), {
    height: LINES,
    format: (value: number) => padText(formatCell(round(value, numbers), column), margin - 2, 'left'),
  });
  const [from = '', to = ''] = [labels[0], labels.at(-1)];
  const axis = `${' '.repeat(margin)}${from}${' '.repeat(Math.max(1, places - from.length - to.length))}${to}`;
  return `${drawn}\n${styles.faint(axis)}\n`;
};

/** So many values, those in between on the line. */
const stretch = (values: readonly number[], count: number): number[] =>
  Array.from({ length: count }, (_, place) => {
    const exact = (place * (values.length - 1)) / (count - 1);
    const [before, after] = [Math.floor(exact), Math.ceil(exact)].map((at) => Number(values[at])) as [number, number];
    return before + (after - before) * (exact - Math.floor(exact));
  });

const round = (value: number, all: readonly number[]): number => {
  const largest = Math.max(...all.map(Math.abs));
  return largest >= 1_000 ? Math.round(value) : value;
};

const BLOCKS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

const bars = (labels: readonly string[], values: readonly Cell[], column: AnswerColumn, { width, styles }: ChartOptions): string => {
  const names = labels.map((label) => cutText(plainText(label), LONGEST_LABEL));
  const texts = values.map((value) => formatCell(value, column));
  const [nameWidth, textColumns] = [names, texts].map((each) => Math.max(0, ...each.map(textWidth))) as [number, number];
  const available = Math.max(10, width - nameWidth - textColumns - 4);
  const largest = Math.max(0, ...values.map((value) => Math.abs(Number(value))));
  return names
    .map((name, index) => {
      const length = largest === 0 ? 0 : (Math.abs(Number(values[index])) / largest) * available;
      const bar = `${'█'.repeat(Math.floor(length))}${BLOCKS[Math.floor((length % 1) * 8)]}`;
      const text = padText(`${texts[index]}`, textColumns, 'left');
      return `${padText(name, nameWidth, 'right')}  ${text}  ${styles.good(bar)}`.trimEnd().concat('\n');
    })
    .join('');
};
