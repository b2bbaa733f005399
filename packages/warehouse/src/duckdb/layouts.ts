import { SophiaError } from '@sophia/shared';
import type { FieldDefinition, RecordTypeDefinition, WorkspaceId } from '@sophia/types';
import type { FieldLayout, TypeLayout } from '../warehouse.ts';
import { checkedName } from './identifiers.ts';
import { alteredTable, historyOf, type LayoutChange, newTable, type TableLayout } from './table-layout.ts';

/**
 * All tables of the warehouse, by whose they are: `deal` for a built-in type, `7:deal` for what workspace 7 added to it,
 * `7:visit` for a type of its own. Never altered: a change makes a new one.
 */
export type Layouts = ReadonlyMap<string, TableLayout>;

export const workspaceKey = (workspace: WorkspaceId, recordType: string): string => `${workspace}:${recordType}`;

export interface LayoutsChange {
  readonly layouts: Layouts;
  /** The tables that are new or altered. */
  readonly changed: readonly string[];
  readonly statements: readonly string[];
}

/** With tables for the built-in types as this version of Sophia knows them. */
export function withBuiltinTypes(layouts: Layouts, types: readonly RecordTypeDefinition[]): LayoutsChange {
  return types.reduce<LayoutsChange>(
    (change, { name, fields }) => joined(change, withTable(change.layouts, checkedName('record type', name), name, 'records', fields)),
    { layouts, changed: [], statements: [] },
  );
}

/**
 * With these fields for a type of one workspace. Of a built-in type only the added fields matter; its own fields keep
 * the type that they are shipped with. Throws `warehouse_layout_refused`.
 */
export function withType(layouts: Layouts, workspace: WorkspaceId, recordType: string, fields: readonly FieldDefinition[]): LayoutsChange {
  const key = workspaceKey(workspace, checkedName('record type', recordType));
  const builtin = builtinTable(layouts, workspace, recordType);
  const table = `x_${workspace}_${recordType}`;
  if (builtin === undefined) return withTable(layouts, key, table, 'records', fields);
  const added = fields.filter((field) => !isBuiltin(builtin, recordType, field));
  if (added.length === 0 && !layouts.has(key)) return { layouts, changed: [], statements: [] };
  return withTable(layouts, key, table, 'extension', added);
}

/** Where the type's fields are in the workspace, or undefined where it has no table. */
export function typeLayout(layouts: Layouts, workspace: WorkspaceId, recordType: string): TypeLayout | undefined {
  const builtin = builtinTable(layouts, workspace, recordType);
  const own = layouts.get(workspaceKey(workspace, recordType));
  const records = builtin ?? own;
  if (records === undefined) return undefined;
  const extension = builtin === undefined ? undefined : own;
  const fields = new Map<string, FieldLayout>([...fieldLayouts(records, false), ...fieldLayouts(extension, true)]);
  return { workspace, recordType, table: records.table, extensionTable: extension?.table, fields };
}

/** The built-in type's table, unless the workspace had a type of this name before it was built in. */
const builtinTable = (layouts: Layouts, workspace: WorkspaceId, recordType: string): TableLayout | undefined =>
  layouts.get(workspaceKey(workspace, recordType))?.kind === 'records' ? undefined : layouts.get(recordType);

const fieldLayouts = (table: TableLayout | undefined, extension: boolean): [string, FieldLayout][] =>
  (table?.fields ?? [])
    .filter(({ defined }) => defined)
    .map(({ definition, columns }) => [definition.name, { definition, extension, columns }]);

function withTable(
  layouts: Layouts,
  key: string,
  name: string,
  kind: TableLayout['kind'],
  fields: readonly FieldDefinition[],
): LayoutsChange {
  for (const field of fields) checkedName('field', field.name);
  const known = layouts.get(key);
  const change: LayoutChange = known === undefined ? newTable(freeName(layouts, name), kind, fields) : alteredTable(known, fields);
  if (change.layout === known) return { layouts, changed: [], statements: [] };
  return { layouts: new Map([...layouts, [key, change.layout]]), changed: [key], statements: change.statements };
}

/** The name itself, or with a number where it is another table's or the name of another table's history. */
function freeName(layouts: Layouts, name: string): string {
  const taken = new Set([...layouts.values()].flatMap(({ table }) => [table, historyOf(table)]));
  const isFree = (table: string) => !taken.has(table) && !taken.has(historyOf(table));
  let free = name;
  for (let number = 2; !isFree(free); number++) free = `${name}__${number}`;
  return free;
}

function isBuiltin(builtin: TableLayout, recordType: string, field: FieldDefinition): boolean {
  const own = builtin.fields.find(({ definition }) => definition.name === field.name);
  if (own === undefined) return false;
  if (own.definition.type === field.type) return true;
  throw new SophiaError(
    'warehouse_layout_refused',
    `The field ${field.name} of the built-in type ${recordType} is of type ${own.definition.type} and cannot become ${field.type}.`,
    { details: { record_type: recordType, field: field.name, type: own.definition.type } },
  );
}

const joined = (before: LayoutsChange, after: LayoutsChange): LayoutsChange => ({
  layouts: after.layouts,
  changed: [...before.changed, ...after.changed],
  statements: [...before.statements, ...after.statements],
});
