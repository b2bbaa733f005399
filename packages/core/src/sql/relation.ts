import type { RecordTypeDefinition } from '@sophia/types';
import type { ValueType } from '../expression/bound-expression.ts';
import type { CompileContext, PhysicalField, PhysicalTable } from '../query/compile-context.ts';
import type { QueryTime } from '../query/time-bounds.ts';
import { findField, isCommonField, valueTypeOf } from '../semantic/name-scope.ts';
import type { StatementWriter } from './statement-writer.ts';

/** What relations are written against. */
export interface RelationScope {
  readonly writer: StatementWriter;
  readonly context: CompileContext;
  readonly recordTypes: ReadonlyMap<string, RecordTypeDefinition>;
  readonly time: QueryTime;
  /** Microseconds since 1970; null for the current records. */
  readonly asOf: bigint | null;
}

/** The records of one type in a `from` or `join`. */
export interface Relation {
  /** Table or subquery with its alias. */
  readonly from: string;
  /** What its rows must pass, in the `where` or `on` beside it. */
  readonly condition: string;
  readonly column: (field: string) => string;
  /** The source system that a reference of it leads to. */
  readonly system: (field: string) => string;
}

/** Suffix of the column beside a reference that holds the source system it leads to; null means the record's own. */
const SYSTEM = '__system';

/**
 * The records of a type as they are, or were at `asOf`: nothing masked, no row left out. `fields` are those that may be
 * asked for: only a subquery needs to know them before.
 */
export function plainRelation(recordType: string, fields: readonly string[], alias: string, scope: RelationScope): Relation {
  const table = scope.context.table(recordType);
  if (table === undefined) return emptyRelation(recordType, fields, alias, scope);
  const isSimple = scope.asOf === null && !fields.some((field) => table.fields.get(field)?.extension === true);
  return isSimple ? tableRelation(table, recordType, alias, scope) : subqueryRelation(table, recordType, fields, alias, scope);
}

function tableRelation(table: PhysicalTable, recordType: string, alias: string, scope: RelationScope): Relation {
  const { quote } = scope.writer.dialect;
  const columns = tableColumns(table, recordType, alias, alias, scope);
  return { from: `${quote(table.table)} as ${alias}`, condition: inWorkspace(alias, scope), ...columns };
}

/** Current rows and, for the past, those of the history; added fields come from their own table. */
function subqueryRelation(
  table: PhysicalTable,
  recordType: string,
  fields: readonly string[],
  alias: string,
  scope: RelationScope,
): Relation {
  const parts = scope.asOf === null ? [''] : ['', HISTORY];
  const selects = parts.map((suffix) => selectFields(table, recordType, fields, suffix, scope));
  return namedRelation(`(${selects.join(' union all ')}) as ${alias}`, alias, scope);
}

/** Every record that there is or was, in its latest state: of what was deleted, the last before that. */
export function latestRelation(recordType: string, fields: readonly string[], alias: string, scope: RelationScope): Relation {
  const table = scope.context.table(recordType);
  if (table === undefined) return emptyRelation(recordType, fields, alias, scope);
  const { quote } = scope.writer.dialect;
  const id = quote('id');
  const gone = `r.${id} not in (select c.${id} from ${quote(table.table)} as c where ${inWorkspace('c', scope)})`;
  const last = `qualify row_number() over (partition by r.${id} order by r.${quote('valid_to')} desc) = 1`;
  const selects = [
    selectFields(table, recordType, fields, '', scope),
    `${selectFields(table, recordType, fields, HISTORY, scope)} and ${gone} ${last}`,
  ];
  return namedRelation(`(${selects.join(' union all ')}) as ${alias}`, alias, scope);
}

const HISTORY = '_history';

function selectFields(table: PhysicalTable, recordType: string, fields: readonly string[], suffix: string, scope: RelationScope): string {
  const { quote } = scope.writer.dialect;
  const columns = tableColumns(table, recordType, 'r', 'x', scope);
  const extension = fields.some((field) => table.fields.get(field)?.extension === true) ? table.extensionTable : undefined;
  const join =
    extension === undefined
      ? ''
      : ` left join ${quote(`${extension}${suffix}`)} as x on x.${quote('id')} = r.${quote('id')}${suffix === HISTORY ? ` and x.${quote('version')} = r.${quote('version')}` : ''}`;
  const where = [inWorkspace('r', scope), ...validAt(suffix, scope)].join(' and ');
  return `select ${selectList(recordType, fields, columns, scope)} from ${quote(`${table.table}${suffix}`)} as r${join} where ${where}`;
}

function validAt(suffix: string, { asOf, writer }: RelationScope): readonly string[] {
  if (asOf === null) return [];
  const moment = writer.dialect.instant(writer.bind(String(asOf)));
  const { quote } = writer.dialect;
  const begun = `r.${quote('valid_from')} <= ${moment}`;
  return suffix === HISTORY ? [begun, `r.${quote('valid_to')} > ${moment}`] : [begun];
}

/** `id`, `source_system`, and each field with the system that it leads to, under their own names. */
export function selectList(
  recordType: string,
  fields: readonly string[],
  from: Pick<Relation, 'column' | 'system'>,
  scope: RelationScope,
): string {
  const { quote } = scope.writer.dialect;
  const names = [...new Set(['id', 'source_system', 'source_id', ...fields])];
  const columns = names.map((field) => `${from.column(field)} as ${quote(field)}`);
  const systems = fields
    .filter((field) => isReference(recordType, field, scope))
    .map((field) => `${from.system(field)} as ${quote(field + SYSTEM)}`);
  return [...columns, ...systems].join(', ');
}

export function isReference(recordType: string, field: string, { recordTypes }: RelationScope): boolean {
  const definition = recordTypes.get(recordType);
  return definition !== undefined && findField(definition, field)?.type === 'reference';
}

/** A subquery that already gives each field under its own name. */
export function namedRelation(from: string, alias: string, { writer: { dialect } }: RelationScope): Relation {
  return {
    from,
    condition: '',
    column: (field) => `${alias}.${dialect.quote(field)}`,
    system: (field) => `${alias}.${dialect.quote(field + SYSTEM)}`,
  };
}

/** A type that has no table yet has no records. */
function emptyRelation(recordType: string, fields: readonly string[], alias: string, scope: RelationScope): Relation {
  const { dialect } = scope.writer;
  const columns = {
    column: (field: string) => dialect.cast('null', typeOf(recordType, field, scope)),
    system: () => dialect.cast('null', 'text'),
  };
  return namedRelation(
    `(select ${selectList(recordType, fields, columns, scope)} from (select 1 as one) as nothing where false) as ${alias}`,
    alias,
    scope,
  );
}

export function typeOf(recordType: string, field: string, { recordTypes }: RelationScope): ValueType {
  if (field === 'id' || field === 'version') return 'integer';
  const definition = recordTypes.get(recordType);
  return valueTypeOf((definition === undefined ? undefined : findField(definition, field)?.type) ?? 'text');
}

const inWorkspace = (alias: string, { context: { workspace }, writer: { dialect } }: RelationScope): string =>
  `${alias}.${dialect.quote('workspace')} = ${Number(workspace)}`;

/** Where each field is in a type's tables. */
export function tableColumns(
  table: PhysicalTable,
  recordType: string,
  base: string,
  extension: string,
  scope: RelationScope,
): Pick<Relation, 'column' | 'system'> {
  const { dialect } = scope.writer;
  const owner = ({ extension: added }: PhysicalField): string => (added ? extension : base);
  return {
    column(field) {
      if (field === 'id' || field === 'version' || isCommonField(field)) return `${base}.${dialect.quote(field)}`;
      const layout = table.fields.get(field);
      const type = typeOf(recordType, field, scope);
      const [newest, ...older] = layout?.columns ?? [];
      if (layout === undefined || newest === undefined) return dialect.cast('null', type);
      const read = (name: string): string => `${owner(layout)}.${dialect.quote(name)}`;
      if (older.length === 0) return read(newest.name);
      const casts = older.map((column) => dialect.safeCast(read(column.name), valueTypeOf(column.type), type));
      return `coalesce(${[read(newest.name), ...casts].join(', ')})`;
    },
    system(field) {
      const layout = table.fields.get(field);
      const own = `${base}.${dialect.quote('source_system')}`;
      const systems = (layout?.columns ?? []).filter(({ type }) => type === 'reference');
      if (layout === undefined || systems.length === 0) return own;
      return `coalesce(${[...systems.map(({ name }) => `${owner(layout)}.${dialect.quote(name + SYSTEM)}`), own].join(', ')})`;
    },
  };
}
