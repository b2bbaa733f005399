import type { TypeLayout, WarehouseRow } from '../warehouse.ts';

/** A row on its way into a table or its history. */
export interface PendingRow {
  readonly row: WarehouseRow;
  /** When the next version came, in microseconds since 1970; null for the current one. */
  readonly validTo: bigint | null;
  /** What no field knows; undefined where there is nothing. */
  readonly extra: unknown;
}

/** What the type's fields do not know of a row's data: the record's own `extra`, and fields that the type has no more. */
export function extraOf({ data }: WarehouseRow, { fields }: TypeLayout): unknown {
  let unknown: Record<string, unknown> | undefined;
  for (const name in data) {
    if (name === 'extra' || fields.has(name)) continue;
    unknown ??= {};
    unknown[name] = data[name];
  }
  const { extra } = data;
  if (unknown === undefined) return extra;
  return typeof extra === 'object' && extra !== null ? { ...extra, ...unknown } : unknown;
}
