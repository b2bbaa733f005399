import type { TypeLayout, WarehouseRow } from '../warehouse.ts';

/** A row on its way into a table or its history. */
export interface PendingRow {
  readonly row: WarehouseRow;
  /** When the next version came, in microseconds since 1970; null for the current one. */
  readonly validTo: bigint | null;
  /** JSON text of what no field knows; null where there is nothing. */
  readonly extra: string | null;
}

/** What the type's fields do not know of a row's data: the record's own `extra`, and fields that the type has no more. */
export function extraOf({ data }: WarehouseRow, { fields }: TypeLayout): string | null {
  let unknown: Record<string, unknown> | undefined;
  for (const name in data) {
    if (name === 'extra' || fields.has(name)) continue;
    unknown ??= {};
    unknown[name] = data[name];
  }
  const { extra } = data;
  if (unknown === undefined) return extra === undefined || extra === null ? null : JSON.stringify(extra);
  return JSON.stringify(typeof extra === 'object' && extra !== null ? { ...extra, ...unknown } : unknown);
}
