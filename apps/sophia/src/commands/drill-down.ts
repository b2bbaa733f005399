import type { CatalogRecord, Cell, Freshness, JsonValue } from '@sophia/types';
import { CommandError } from '../command-line/command-error.ts';
import type { ClientInvocation, CommonOptions } from '../command-line/invocation.ts';
import { type QueryOptions, queryOf } from '../input/metric-query.ts';
import { pageLimit } from '../input/page-limit.ts';
import { NONE } from '../output/format-cell.ts';
import { freshnessLine } from '../output/freshness-line.ts';
import { stylesOf } from '../output/styles.ts';
import { renderTable } from '../output/table.ts';

interface DrillDownAnswer {
  readonly records: readonly (Pick<CatalogRecord, 'id' | 'record_type' | 'source_system' | 'source_id' | 'data'> & {
    readonly value: Cell;
  })[];
  readonly next_cursor: string | null;
  readonly freshness: Freshness;
}

export interface DrillDownOptions extends Omit<QueryOptions, 'by'>, CommonOptions {
  readonly row?: readonly string[] | undefined;
  readonly part?: string | undefined;
  readonly cursor?: string | undefined;
}

/** Fields shown beside what names the record. */
const MOST_FIELDS = 5;

/** The records behind one cell of an answer, with what each adds to it. */
export const drillDown = async ({ api, terminal }: ClientInvocation, metric: string, options: DrillDownOptions): Promise<void> => {
  const { row = [], part, cursor, limit, json, ...asked } = options;
  const cells = row.map(parseCell);
  const now = Date.now();
  const answer = await api.call<DrillDownAnswer>('POST', '/metrics/drill-down', {
    body: {
      query: queryOf([metric], { ...asked, ...(cells.length === 0 ? {} : { by: cells.map(([name]) => name) }) }, now),
      row: Object.fromEntries(cells),
      metric,
      part,
      cursor,
      limit: pageLimit(limit),
    },
  });
  if (json === true) return terminal.out(`${JSON.stringify(answer)}\n`);
  const { records, next_cursor: next, freshness } = answer;
  const styles = stylesOf(terminal);
  const fields = [...new Set(records.flatMap(({ data }) => Object.keys(data)))].slice(0, MOST_FIELDS);
  terminal.out(
    renderTable(
      [
        ...['Id', 'Source', 'Source id'].map((title) => ({ title, isWhole: title !== 'Source' })),
        { title: 'Adds', align: 'right' as const },
        ...fields.map((title) => ({ title })),
      ],
      records.map(({ id, source_system: system, source_id: source, value, data }) => [
        id,
        system,
        source,
        textOf(value),
        ...fields.map((field) => textOf(data[field])),
      ]),
      { width: terminal.columns, styles },
    ),
  );
  if (next !== null) terminal.out(styles.faint(`more: --cursor ${next}\n`));
  terminal.out(freshnessLine(freshness, { styles, now }));
};

/** `dimension=value`; without a value: the group of those that have none. */
const parseCell = (text: string): readonly [string, string | null] => {
  const [, name, value = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined) {
    throw new CommandError('usage', `--row is ${JSON.stringify(text)}.`, 'Write dimension=value, such as user.office=Central.');
  }
  return [name.trim(), value === '' ? null : value];
};

const textOf = (value: JsonValue | undefined): string => {
  if (value === undefined || value === null) return NONE;
  return typeof value === 'string' ? value : JSON.stringify(value);
};
