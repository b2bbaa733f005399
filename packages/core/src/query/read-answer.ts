import { SophiaError } from '@sophia/shared';
import type { Cell, ColumnType, MetricAnswer } from '@sophia/types';
import type { CompiledQuery } from './compiled-query.ts';
import { MAX_PERIODS } from './limits.ts';

/** What a warehouse gave: one array per column. */
export interface ColumnarResult {
  readonly columns: readonly { readonly name: string }[];
  readonly values: readonly (readonly unknown[])[];
  readonly rowCount: number;
}

/**
 * The answer that a compiled query's result is. Amounts of money get the currency as their unit where the model names
 * none and all have the same. Throws `mixed_currencies`, `query_too_large`.
 */
export function readAnswer(
  compiled: Pick<CompiledQuery, 'columns' | 'checks'>,
  { columns, values, rowCount }: ColumnarResult,
): MetricAnswer {
  const named = new Map(columns.map(({ name }, index) => [name.toLowerCase(), values[index] ?? []]));
  const currencies = new Map<string, string>();
  for (const check of compiled.checks) {
    if (check.kind === 'filled_cells') checkFilledCells(named.get(check.column)?.[0], check.limit);
    else {
      const currency = checkCurrency(named.get(check.least)?.[0], named.get(check.greatest)?.[0], check.metric);
      if (currency !== undefined) currencies.set(check.metric, currency);
    }
  }
  const cells = compiled.columns.map(({ type }, index) => (values[index] ?? []).map((value) => readCell(value, type)));
  return {
    columns: compiled.columns.map((column) => {
      const unit = column.unit ?? (column.type === 'decimal' || column.format === 'currency' ? currencies.get(column.name) : undefined);
      return unit === undefined ? column : { ...column, unit };
    }),
    rows: Array.from({ length: rowCount }, (_none, row) => cells.map((column) => column[row] ?? null)),
  };
}

function checkFilledCells(cells: unknown, limit: number): void {
  if (cells === null || cells === undefined || Number(cells) <= limit) return;
  const limits = `${MAX_PERIODS} periods or ${limit} cells`;
  const message = `Showing every period would give more than ${limits}: narrow the time_range, take a coarser grain or fewer dimensions, or fill: false.`;
  throw new SophiaError('query_too_large', message, { details: { periods: MAX_PERIODS, cells: limit } });
}

function checkCurrency(least: unknown, greatest: unknown, metric: string): string | undefined {
  if (least === null || least === undefined) return undefined;
  if (least === greatest) return String(least);
  throw new SophiaError(
    'mixed_currencies',
    `${metric} has amounts in ${least} and ${greatest}: add the currency as a dimension, or filter for one.`,
    {
      details: { metric, currencies: [least, greatest] },
    },
  );
}

/** A value of a result as an answer has it. */
export function readCell(value: unknown, type: ColumnType): Cell {
  if (value === null || value === undefined) return null;
  if (typeof value === 'boolean') return value;
  if (type === 'number') return Number(value);
  if (type === 'integer') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  return String(value);
}
