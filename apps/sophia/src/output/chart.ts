import type { AnswerColumn, Cell } from '@sophia/types';
import { formatCell, formatKey, isNumeric, titleOf } from './format-cell.ts';
import { plotLine } from './line-plot.ts';
import type { Styles } from './styles.ts';
import { cutText, padText, plainText, textWidth } from './text-width.ts';

export interface ChartOptions {
  readonly width: number;
  readonly styles: Styles;
  /** How many of the columns are dimensions: the first. */
  readonly dimensions: number;
}

interface Answer {
  readonly columns: readonly AnswerColumn[];
  readonly rows: readonly (readonly Cell[])[];
}

const LONGEST_LABEL = 30;

/** One plot for each metric: a line over periods, bars over groups. */
export const renderChart = ({ columns, rows }: Answer, options: ChartOptions): string => {
  // A metric may also be a day or a text, which has no length.
  const isPlotted = (column: AnswerColumn, index: number): boolean => index >= options.dimensions && isNumeric(column);
  const all = columns.map((column, index) => ({ column, index }));
  const metrics = all.filter(({ column, index }) => isPlotted(column, index));
  const labels = all.filter(({ column, index }) => !isPlotted(column, index));
  const [first] = labels;
  const isOverTime = labels.length === 1 && (first?.column.type === 'date' || first?.column.type === 'timestamp');
  return metrics
    .map(({ column, index }) => {
      const title = options.styles.strong(titleOf(column));
      const points = rows.map((row) => ({
        label: labels.map((each) => formatKey(row[each.index] ?? null)).join(', ') || column.name,
        isPeriod: isOverTime && row[first.index] !== null,
        value: row[index] ?? null,
      }));
      const isLine = points.filter(({ isPeriod, value }) => isPeriod && value !== null).length > 1;
      return `${title}\n${isLine ? line(points, column, options) : bars(points, column, options)}`;
    })
    .join('\n');
};

interface Point {
  readonly label: string;
  /** Whether it has a place on an axis of time. */
  readonly isPeriod: boolean;
  readonly value: Cell;
}

const line = (points: readonly Point[], column: AnswerColumn, { width, styles }: ChartOptions): string => {
  const periods = points.filter(({ isPeriod }) => isPeriod);
  const values = periods.map(({ value }) => (value === null ? null : Number(value)));
  const { text, margin, columns } = plotLine(values, { width, label: (value) => formatCell(rounded(value), column) });
  const [from = '', to = ''] = [periods[0]?.label, periods.at(-1)?.label];
  const axis = `${' '.repeat(margin)}${from}${' '.repeat(Math.max(1, columns - from.length - to.length))}${to}`;
  const undated = points
    .filter(({ isPeriod }) => !isPeriod)
    .map(({ value }) => styles.faint(`not drawn, for it has no period: ${formatCell(value, column)}\n`));
  return `${text}\n${styles.faint(axis)}\n${undated.join('')}`;
};

/** As exact as an axis needs it; never -0. */
const rounded = (value: number): number => (Math.abs(value) >= 1_000 ? Math.round(value) : Number(value.toPrecision(4))) + 0;

const BLOCKS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

const bars = (points: readonly Point[], column: AnswerColumn, { width, styles }: ChartOptions): string => {
  const names = points.map(({ label }) => cutText(plainText(label), LONGEST_LABEL));
  const texts = points.map(({ value }) => formatCell(value, column));
  const [nameWidth, textColumns] = [names, texts].map((each) => Math.max(0, ...each.map(textWidth))) as [number, number];
  const available = Math.max(10, width - nameWidth - textColumns - 4);
  const largest = Math.max(0, ...points.map(({ value }) => Math.abs(Number(value))));
  return points
    .map(({ value }, index) => {
      const length = largest === 0 ? 0 : (Number(value) / largest) * available;
      const text = padText(`${texts[index]}`, textColumns, 'left');
      return `${padText(`${names[index]}`, nameWidth, 'right')}  ${text}  ${bar(length, styles)}`.trimEnd().concat('\n');
    })
    .join('');
};

/** Below zero it is hatched. */
const bar = (length: number, styles: Styles): string =>
  length < 0
    ? styles.bad('▒'.repeat(Math.ceil(-length)))
    : styles.good(`${'█'.repeat(Math.floor(length))}${BLOCKS[Math.floor((length % 1) * 8)]}`);
