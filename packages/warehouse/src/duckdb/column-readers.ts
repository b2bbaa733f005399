import type { WarehouseColumn } from '../warehouse.ts';
import { COLUMN_CODECS } from './column-codecs.ts';
import type { PendingRow } from './pending-row.ts';
import { systemColumn, type TableField, type TableLayout } from './table-layout.ts';

/** A column's value of a row, as it came; null or undefined for none. What does not fit is for the writer to refuse. */
export type ReadColumn = (pending: PendingRow) => unknown;

/** How each column of a table, and of its history, gets its value. */
export const columnReaders = ({ fields }: TableLayout): ReadonlyMap<string, ReadColumn> =>
  new Map([...OWN_READERS, ...fields.filter(({ defined }) => defined).flatMap(fieldReaders)]);

const OWN_READERS: readonly [string, ReadColumn][] = [
  ['workspace', ({ row }) => row.workspace],
  ['id', ({ row }) => row.id],
  ['source_system', ({ row }) => row.source_system],
  ['source_id', ({ row }) => row.source_id],
  ['version', ({ row }) => row.version],
  ['occurred_at', ({ row }) => row.occurred_at],
  ['business_priority', ({ row }) => row.business_priority],
  ['created_at', ({ row }) => row.created_at],
  ['valid_from', ({ row }) => row.valid_from],
  ['valid_to', ({ validTo }) => validTo],
  ['extra', ({ extra }) => extra],
];

/**
 * Of several columns the newest that can hold a value exactly takes it, so that a value of the former type which arrives
 * after the change is kept as well; what none can hold is the newest one's to refuse.
 */
function fieldReaders({ definition: { name }, columns }: TableField): [string, ReadColumn][] {
  const value: ReadColumn = ({ row }) => row.data[name];
  return columns.flatMap((column) => {
    const read: ReadColumn =
      columns.length === 1 ? value : (pending) => (columnFor(columns, value(pending)) === column ? value(pending) : null);
    if (column.type !== 'reference') return [[column.name, read]];
    return [
      [column.name, (pending) => referenceId(read(pending))],
      [systemColumn(column.name), (pending) => referenceSystem(read(pending), pending)],
    ];
  });
}

const columnFor = (columns: readonly WarehouseColumn[], value: unknown): WarehouseColumn | undefined =>
  columns.find(({ type }) => (type === 'reference' ? typeof value === 'string' || isReference(value) : COLUMN_CODECS[type].fits(value))) ??
  columns[0];

const referenceId = (value: unknown): unknown => (isReference(value) ? value.source_id : value);

const referenceSystem = (value: unknown, { row }: PendingRow): unknown => {
  if (isReference(value)) return value.source_system;
  return typeof value === 'string' ? row.source_system : null;
};

const isReference = (value: unknown): value is { readonly source_system: string; readonly source_id: string } =>
  typeof value === 'object' &&
  value !== null &&
  'source_system' in value &&
  'source_id' in value &&
  typeof value.source_system === 'string' &&
  typeof value.source_id === 'string';
