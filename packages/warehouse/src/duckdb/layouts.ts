import { SophiaError } from '@sophia/shared';
import type { FieldDefinition, RecordTypeDefinition, WorkspaceId } from '@sophia/types';
import type { FieldLayout, TypeLayout } from '../warehouse.ts';
import { checkedName } from './identifiers.ts';
import { alteredTable, historyOf, newTable, type TableLayout } from './table-layout.ts';

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

export const unchanged = (layouts: Layouts): LayoutsChange => ({ layouts, changed: [], statements: [] });

/** A change and the one that follows it, as one. */
export const together = (first: LayoutsChange, next: LayoutsChange): LayoutsChange => ({
  layouts: next.layouts,
  changed: [...new Set([...first.changed, ...next.changed])],
  statements: [...first.statements, ...next.statements],
});

/** With tables for the built-in types as this version of Sophia knows them. */
export function withBuiltinTypes(layouts: Layouts, types: readonly RecordTypeDefinition[]): LayoutsChange {
  let change = unchanged(layouts);
  for (const { name, fields } of types) {
    const table = checkedName('record type', name);
    change = together(change, withTable(change.layouts, name, { table, recordType: name, workspace: null, kind: 'records' }, fields));
  }
  return change;
}

/**
 * With these fields for a type of one workspace. Of a built-in type only the added fields matter; its own fields keep
 * the type that they are shipped with. Throws `warehouse_layout_refused`.
 */
export function withType(layouts: Layouts, workspace: WorkspaceId, recordType: string, fields: readonly FieldDefinition[]): LayoutsChange {
  const key = workspaceKey(workspace, checkedName('record type', recordType));
  const builtin = builtinTable(layouts, workspace, recordType);
  const of = { table: `x_${workspace}_${recordType}`, recordType, workspace };
  if (builtin === undefined) return withTable(layouts, key, { ...of, kind: 'records' }, fields);
  const added = fields.filter((field) => !isBuiltin(builtin, field));
  if (added.length === 0 && !layouts.has(key)) return unchanged(layouts);
  return withTable(layouts, key, { ...of, kind: 'extension' }, added);
}

/** The same types and fields over tables that have the columns of later layouts already: no field fills the new ones. */
export function overTablesOf(later: Layouts, layouts: Layouts): Layouts {
  if (layouts === later) return layouts;
  const over = new Map<string, TableLayout>();
  for (const [key, { columns }] of later) {
    const layout = layouts.get(key);
    if (layout !== undefined) over.set(key, layout.columns === columns ? layout : { ...layout, columns });
  }
  return over;
}

/** Where the type's fields are in the workspace, or undefined where it has no table. */
export function typeLayout(layouts: Layouts, workspace: WorkspaceId, recordType: string): TypeLayout | undefined {
  const own = layouts.get(workspaceKey(workspace, recordType));
  const builtin = builtinTable(layouts, workspace, recordType);
  if (builtin !== undefined) return joinedLayout(workspace, builtin, own);
  return own && joinedLayout(workspace, own);
}

/** The same. Throws `warehouse_type_unknown`. */
export function knownLayout(layouts: Layouts, workspace: WorkspaceId, recordType: string): TypeLayout {
  const type = typeLayout(layouts, workspace, recordType);
  if (type !== undefined) return type;
  throw new SophiaError('warehouse_type_unknown', `The type ${recordType} has no table in workspace ${workspace}.`, {
    details: { workspace, record_type: recordType },
  });
}

/** A table of records with the fields that the workspace added to it. */
export function joinedLayout(workspace: WorkspaceId, records: TableLayout, extension?: TableLayout): TypeLayout {
  const fields = new Map([...fieldLayouts(records, false), ...(extension === undefined ? [] : fieldLayouts(extension, true))]);
  return { workspace, recordType: records.recordType, table: records.table, extensionTable: extension?.table, fields };
}

/** The built-in type's table, unless the workspace had a type of this name before it was built in. */
const builtinTable = (layouts: Layouts, workspace: WorkspaceId, recordType: string): TableLayout | undefined =>
  layouts.get(workspaceKey(workspace, recordType))?.kind === 'records' ? undefined : layouts.get(recordType);

const fieldLayouts = ({ fields }: TableLayout, extension: boolean): [string, FieldLayout][] =>
  fields.filter(({ defined }) => defined).map(({ definition, columns }) => [definition.name, { definition, extension, columns }]);

function withTable(
  layouts: Layouts,
  key: string,
  of: Omit<TableLayout, 'columns' | 'fields'>,
  fields: readonly FieldDefinition[],
): LayoutsChange {
  for (const field of fields) checkedName('field', field.name);
  const known = layouts.get(key);
  const { layout, statements } =
    known === undefined ? newTable({ ...of, table: freeName(layouts, of.table) }, fields) : alteredTable(known, fields);
  if (layout === known) return unchanged(layouts);
  return { layouts: new Map([...layouts, [key, layout]]), changed: [key], statements };
}

/** The name itself, or with a number where it is another table's or the name of another table's history. */
function freeName(layouts: Layouts, name: string): string {
  const taken = new Set([...layouts.values()].flatMap(({ table }) => [table, historyOf(table)]));
  const isFree = (table: string) => !taken.has(table) && !taken.has(historyOf(table));
  let free = name;
  for (let number = 2; !isFree(free); number++) free = `${name}__${number}`;
  return free;
}

function isBuiltin({ recordType, fields }: TableLayout, field: FieldDefinition): boolean {
  const own = fields.find(({ definition }) => definition.name === field.name);
  if (own === undefined) return false;
  if (own.definition.type === field.type) return true;
  throw new SophiaError(
    'warehouse_layout_refused',
    `The field ${field.name} of the built-in type ${recordType} is of type ${own.definition.type} and cannot become ${field.type}.`,
    { details: { record_type: recordType, field: field.name, type: own.definition.type } },
  );
}
