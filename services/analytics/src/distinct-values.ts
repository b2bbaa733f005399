import { dialects, valueTypeOf } from '@sophia/core';
import type { FieldType, WorkspaceId } from '@sophia/types';
import type { TypeLayout, Warehouse } from '@sophia/warehouse';

/** A column that holds something of a type's records. */
export interface HeldColumn {
  readonly name: string;
  readonly type: FieldType;
  /** Whether it stands in the table of the fields that the workspace added to a built-in type. */
  readonly extension: boolean;
}

/** Two of the different texts, or all where there are fewer, that records of the type hold in these columns, now or in the past. */
export const distinctValues = async (
  warehouse: Warehouse,
  workspace: WorkspaceId,
  layout: TypeLayout,
  columns: readonly HeldColumn[],
): Promise<readonly string[]> => {
  // Most types of most workspaces: no statement is needed for them.
  if (!warehouse.hasRecords(workspace, layout.recordType)) return [];
  const selects = columns.flatMap((column) =>
    tablesOf(layout, column).map((table) => `select ${textOf(column)} as value from ${quote(table)} where workspace = $1`),
  );
  const { values } = await warehouse.query({
    text: `select distinct value from (${selects.join(' union all ')}) where value is not null limit 2`,
    parameters: [workspace],
  });
  return (values[0] ?? []).map(String);
};

const tablesOf = ({ table, extensionTable }: TypeLayout, { extension }: HeldColumn): readonly string[] => {
  const current = (extension && extensionTable) || table;
  return [current, `${current}_history`];
};

/** The text that a field which is a text by now reads from the column. */
const textOf = ({ name, type }: HeldColumn): string => dialects.duckdb.safeCast(quote(name), valueTypeOf(type), 'text');

const quote = (identifier: string): string => `"${identifier.replaceAll('"', '""')}"`;
