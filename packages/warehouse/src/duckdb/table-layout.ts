import type { FieldDefinition, WorkspaceId } from '@sophia/types';
import type { FieldLayout, WarehouseColumn } from '../warehouse.ts';
import { COLUMN_CODECS, type ColumnKind } from './column-codecs.ts';
import { quote } from './identifiers.ts';

export interface PhysicalColumn {
  readonly name: string;
  readonly kind: ColumnKind;
}

/** One field that a table holds, or held: its columns stay when the field is gone, so that names are never used again. */
export interface TableField {
  readonly definition: FieldDefinition;
  /** Whether the type has the field now. */
  readonly defined: boolean;
  readonly columns: FieldLayout['columns'];
}

/** A table as the warehouse remembers it. Its history has the same columns, and `valid_to` behind `valid_from`. */
export interface TableLayout {
  readonly table: string;
  readonly recordType: string;
  /** Null for a built-in type, whose table all workspaces share. */
  readonly workspace: WorkspaceId | null;
  /** `records` for a whole record, `extension` for fields beside one. */
  readonly kind: 'records' | 'extension';
  /** In the order of the table. */
  readonly columns: readonly PhysicalColumn[];
  readonly fields: readonly TableField[];
}

export const historyOf = (table: string): string => `${table}_history`;

const KEY: readonly PhysicalColumn[] = [
  { name: 'workspace', kind: 'int32' },
  { name: 'id', kind: 'integer' },
];
const SOURCE: readonly PhysicalColumn[] = [
  { name: 'source_system', kind: 'text' },
  { name: 'source_id', kind: 'text' },
];
const VERSION: PhysicalColumn = { name: 'version', kind: 'int32' };
const TIMES: readonly PhysicalColumn[] = [
  { name: 'occurred_at', kind: 'timestamp' },
  { name: 'business_priority', kind: 'text' },
  { name: 'created_at', kind: 'timestamp' },
];
const VALID_FROM: PhysicalColumn = { name: 'valid_from', kind: 'timestamp' };
const VALID_TO: PhysicalColumn = { name: 'valid_to', kind: 'timestamp' };

/** Columns that begin each table, in this order. */
export const OWN_COLUMNS: Readonly<Record<TableLayout['kind'], readonly PhysicalColumn[]>> = {
  records: [...KEY, ...SOURCE, VERSION, ...TIMES, VALID_FROM],
  extension: [...KEY, VERSION, VALID_FROM],
};

/** The history's columns in the order of its table. */
export const historyColumns = ({ columns }: TableLayout): PhysicalColumn[] =>
  columns.flatMap((column) => (column.name === VALID_FROM.name ? [column, VALID_TO] : [column]));

export interface LayoutChange {
  readonly layout: TableLayout;
  /** What makes or alters the tables. */
  readonly statements: readonly string[];
}

/** A new table for these fields. */
export function newTable(of: Omit<TableLayout, 'columns' | 'fields'>, fields: readonly FieldDefinition[]): LayoutChange {
  const { table, kind } = of;
  const tableFields = fields.map(newField);
  const extra: PhysicalColumn[] = kind === 'records' ? [{ name: 'extra', kind: 'json' }] : [];
  const columns = [...OWN_COLUMNS[kind], ...tableFields.flatMap((field) => field.columns.flatMap(physicalColumns)), ...extra];
  const layout: TableLayout = { ...of, columns, fields: tableFields };
  return { layout, statements: [createTable(table, columns), createTable(historyOf(table), historyColumns(layout))] };
}

/**
 * The same table with these fields: a new field gets a column, a field of another type a column `<field>__<n>`, a field
 * that is gone keeps what it has. The same layout where nothing changes.
 */
export function alteredTable(layout: TableLayout, fields: readonly FieldDefinition[]): LayoutChange {
  const asked = new Map(fields.map((definition) => [definition.name, definition]));
  const kept = layout.fields.map((field) => alteredField(field, asked.get(field.definition.name)));
  const known = new Set(layout.fields.map(({ definition }) => definition.name));
  const added = fields.filter(({ name }) => !known.has(name)).map(newField);
  const altered = [...kept, ...added];
  if (altered.length === layout.fields.length && altered.every((field, at) => field === layout.fields[at])) {
    return { layout, statements: [] };
  }
  const there = new Set(layout.columns.map(({ name }) => name));
  const columns = altered.flatMap((field) => field.columns.flatMap(physicalColumns)).filter(({ name }) => !there.has(name));
  return {
    layout: { ...layout, columns: [...layout.columns, ...columns], fields: altered },
    statements: columns.flatMap((column) => [layout.table, historyOf(layout.table)].map((table) => addColumn(table, column))),
  };
}

/** The columns that a field's column is made of: two for a reference. */
const physicalColumns = ({ name, type }: WarehouseColumn): PhysicalColumn[] =>
  type === 'reference'
    ? [
        { name, kind: 'text' },
        { name: systemColumn(name), kind: 'text' },
      ]
    : [{ name, kind: type }];

/** The column beside a reference's own, for its source system. */
export const systemColumn = (column: string): string => `${column}__system`;

const newField = (definition: FieldDefinition): TableField => ({
  definition,
  defined: true,
  columns: [{ name: definition.name, type: definition.type }],
});

function alteredField(field: TableField, asked: FieldDefinition | undefined): TableField {
  if (asked === undefined) return field.defined ? { ...field, defined: false } : field;
  const [newest] = field.columns;
  if (newest.type === asked.type) {
    return field.defined && JSON.stringify(field.definition) === JSON.stringify(asked)
      ? field
      : { ...field, definition: asked, defined: true };
  }
  const column: WarehouseColumn = { name: `${asked.name}__${field.columns.length + 1}`, type: asked.type };
  return { definition: asked, defined: true, columns: [column, ...field.columns] };
}

const define = ({ name, kind }: PhysicalColumn): string => `${quote(name)} ${COLUMN_CODECS[kind].sql}`;

const createTable = (table: string, columns: readonly PhysicalColumn[]): string =>
  `create table ${quote(table)} (${columns.map(define).join(', ')})`;

const addColumn = (table: string, column: PhysicalColumn): string => `alter table ${quote(table)} add column ${define(column)}`;
