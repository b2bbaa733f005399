import type { AnswerColumn, Cell, Freshness, MetricQuery } from '@sophia/types';
import { CommandError } from '../command-line/command-error.ts';
import type { ClientInvocation } from '../command-line/invocation.ts';
import { type QueryOptions, queryOf } from '../input/metric-query.ts';
import { renderCsv } from '../output/csv.ts';
import { formatCell, formatKey, isNumeric, titleOf } from '../output/format-cell.ts';
import { freshnessLine } from '../output/freshness-line.ts';
import { stylesOf } from '../output/styles.ts';
import { renderTable } from '../output/table.ts';
import { plainText } from '../output/text-width.ts';

interface Answer {
  readonly columns: readonly AnswerColumn[];
  readonly rows: readonly (readonly Cell[])[];
  readonly freshness: Freshness;
  readonly cache: { readonly tier: string; readonly age_ms: number };
  readonly notes?: readonly string[] | undefined;
}

export interface AskOptions extends QueryOptions {
  readonly json?: boolean | undefined;
  readonly csv?: boolean | undefined;
  readonly chart?: boolean | undefined;
  /** A write's token. */
  readonly after?: string | undefined;
  readonly cache?: boolean | undefined;
}

const CHART_WIDTH = 100;
/** What a note of an answer says to people. */
const NOTES: Readonly<Record<string, string>> = {
  as_of_before_first_change: 'Sophia knew nothing yet at that time: its first record came later.',
};

/** Asks for metrics and prints the answer as a table, a plot, CSV or JSON. */
export const query = async ({ api, terminal }: ClientInvocation, metrics: readonly string[], options: AskOptions): Promise<void> => {
  if ([options.json, options.csv, options.chart].filter((each) => each === true).length > 1) {
    throw new CommandError('usage', 'Choose one of --json, --csv and --chart.');
  }
  const now = Date.now();
  const asked: MetricQuery = queryOf(metrics, options, now);
  const headers = {
    ...(options.after === undefined ? {} : { 'sophia-after': options.after }),
    ...(options.cache === false ? { 'sophia-cache': 'bypass' } : {}),
  };
  const answer = await api.call<Answer>('POST', '/metrics/query', { body: asked, headers });
  if (options.json === true) return terminal.out(`${JSON.stringify(answer)}\n`);
  const { columns, rows, freshness, notes = [] } = answer;
  const styles = stylesOf(terminal);
  // They are the first columns.
  const dimensions = asked.dimensions?.length ?? 0;
  const titles = columns.map(({ name }) => name);
  if (options.csv === true) terminal.out(renderCsv(titles, terminal.columns === undefined ? rows : rows.map(plainCells)));
  else if (options.chart === true) {
    const { renderChart } = await import('../output/chart.ts');
    terminal.out(renderChart(answer, { width: terminal.columns ?? CHART_WIDTH, styles, dimensions }));
  } else {
    terminal.out(tableOf(answer, { width: terminal.columns, styles, dimensions }));
  }
  // Rows of CSV go to programs; how far they are to be believed is for people still.
  const tell = options.csv === true ? terminal.err : terminal.out;
  for (const note of notes) tell(`${styles.warning(NOTES[note] ?? note)}\n`);
  tell(freshnessLine(freshness, { styles, now }));
};

/** A file has the text of records as it is; a terminal would obey it. */
const plainCells = (cells: readonly Cell[]): readonly Cell[] => cells.map((cell) => (typeof cell === 'string' ? plainText(cell) : cell));

interface TableOptions {
  readonly width: number | undefined;
  readonly styles: ReturnType<typeof stylesOf>;
  readonly dimensions: number;
}

const tableOf = ({ columns, rows }: Answer, { width, styles, dimensions }: TableOptions): string =>
  renderTable(
    columns.map((column) => ({ title: titleOf(column), align: isNumeric(column) ? 'right' : 'left' })),
    rows.map((row) =>
      columns.map((column, index) => (index < dimensions ? formatKey(row[index] ?? null) : formatCell(row[index] ?? null, column))),
    ),
    { width, styles },
  );
