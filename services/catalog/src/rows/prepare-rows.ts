import type { ImportRow, WriteTarget } from '../catalog.ts';
import type { IncomingRecord, RejectedRow } from './incoming-record.ts';
import type { RowPreparer } from './prepare-row.ts';

/** Judges rows of one target; both lists are in the order of the rows. */
export function prepareRows(
  rows: readonly ImportRow[],
  target: WriteTarget,
  prepare: RowPreparer,
  masked?: ReadonlySet<string>,
): { readonly records: readonly IncomingRecord[]; readonly rejected: readonly RejectedRow[] } {
  const records: IncomingRecord[] = [];
  const rejected: RejectedRow[] = [];
  for (const row of rows) {
    const prepared = prepare(row, target, masked);
    if (prepared.record !== undefined) records.push(prepared.record);
    else rejected.push(prepared.rejected);
  }
  return { records, rejected };
}
