import { PAGE_BYTES } from '@sophia/database';
import type { EventFact } from '@sophia/types';
import type { EventShape, FactRow, SourceStatements } from './event-rows.ts';
import type { Select } from './select.ts';

/** How much is read at once. */
export interface Bound {
  /** Ends with the event that fills so many bytes of values. */
  readonly bytes: number;
  /** So few events are not weighed, which is a round trip. */
  readonly unweighed: number;
}

/** Of what is held and answered whole. */
export const PAGE: Bound = { bytes: PAGE_BYTES, unweighed: 1 };
/** Of what is handed over: most batches are of few events, and would take a round trip more each. */
export const BATCH: Bound = { bytes: 4 * PAGE_BYTES, unweighed: 16 };

export interface BoundedRows<Row> {
  readonly rows: readonly Row[];
  /** Of the values of all of them: at most, or 0 of so few that they were not weighed. */
  readonly bytes: number;
}

/**
 * The events of a source, `most` of them at most, up to the one that fills the bytes. Most events are small: they are
 * measured only where they may be too large together.
 */
export async function readBounded<Event extends EventFact, Row extends FactRow>(
  select: Select,
  shape: EventShape<Event, Row>,
  { source, values, most }: { readonly source: SourceStatements; readonly values: readonly unknown[]; readonly most: number },
  { bytes, unweighed }: Bound,
): Promise<BoundedRows<Row>> {
  const statements = shape.statementsOf(source);
  const weight = most <= unweighed ? 0 : await weightOf(select, statements.weight, values);
  if (weight <= bytes) return { rows: await select<Row>(statements.all, values), bytes: weight };
  const rows = await select<Row & { readonly bytes: number }>(statements.page, [...values, bytes]);
  return { rows, bytes: rows.reduce((sum, row) => sum + row.bytes, 0) };
}

/** Of one row. */
async function weightOf(select: Select, ...statement: Parameters<Select>): Promise<number> {
  const rows = await select<{ weight: number }>(...statement);
  return rows.reduce((sum, { weight }) => sum + weight, 0);
}
