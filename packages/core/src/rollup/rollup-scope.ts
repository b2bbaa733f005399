import { dialects } from '../dialects/dialects.ts';
import type { BoundExpression, FieldRead } from '../expression/bound-expression.ts';
import type { CompileContext, PhysicalTable } from '../query/compile-context.ts';
import type { CompiledStatement } from '../query/compiled-query.ts';
import type { LinkedModel, LinkedRollup } from '../semantic/linked-layer.ts';
import { pathKey, type ReadRecord, readRecords } from '../sql/read-records.ts';
import { tableColumns } from '../sql/relation.ts';
import { StatementWriter } from '../sql/statement-writer.ts';
import { writeExpression } from '../sql/write-expression.ts';
import { rollupExpressions } from './rollup-columns.ts';

/** Writes an expression, given what a field is at that place. */
export type Write = (expression: BoundExpression, field: (read: FieldRead) => string) => string;

/** A record that is read, with its table. */
export interface StoredRecord extends ReadRecord {
  readonly table: PhysicalTable;
}

/** What the statements of one rollup are written against. */
export interface RollupScope {
  readonly rollup: LinkedRollup;
  readonly name: string;
  readonly workspace: number;
  /** Whose records are summed up. */
  readonly base: StoredRecord;
  /** Those that it refers to. */
  readonly others: readonly StoredRecord[];
  readonly quote: (identifier: string) => string;
  /** Columns of a record's table under an alias. */
  readonly columns: (record: StoredRecord, alias: string) => ReturnType<typeof tableColumns>;
  readonly statement: (text: (write: Write) => string) => CompiledStatement;
}

/** Undefined where the tables do not allow a rollup. */
export function rollupScope(
  from: LinkedModel,
  rollup: LinkedRollup,
  name: string,
  recordTypes: Parameters<typeof readRecords>[2],
  context: CompileContext,
): RollupScope | undefined {
  const records = readRecords(from.recordType.name, rollupExpressions(rollup), recordTypes).map((record) => ({
    ...record,
    table: context.table(record.recordType),
  }));
  const isPlain = (record: (typeof records)[number]): record is (typeof records)[number] & StoredRecord =>
    record.table !== undefined && record.fields.every((field) => record.table?.fields.get(field)?.extension !== true);
  const [base, ...others] = records;
  if (base === undefined || !isPlain(base) || !others.every(isPlain)) return undefined;
  const dialect = dialects[context.dialect];
  // Days are those of UTC: queries in another zone, or with other weeks, do not take the rollup.
  const time = { today: 0, timeZone: 'UTC', weekStart: 'monday' } as const;
  return {
    rollup,
    name,
    workspace: Number(context.workspace),
    base,
    others,
    quote: dialect.quote,
    columns(record, alias) {
      return tableColumns(record.table, record.recordType, alias, alias, {
        writer: new StatementWriter(dialect),
        context,
        recordTypes,
        time,
        asOf: null,
      });
    },
    statement(text) {
      const writer = new StatementWriter(dialect);
      return writer.finish(text((expression, field) => writeExpression(expression, { writer, time, field, column: (column) => column })));
    },
  };
}

/** A field of a record as it is now, joined by `currentJoins`. */
export const currentField =
  (scope: RollupScope) =>
  ({ path, field }: FieldRead): string => {
    const index = scope.others.findIndex((record) => pathKey(record.path) === pathKey(path));
    const other = scope.others[index];
    return other === undefined ? scope.columns(scope.base, 't').column(field.name) : scope.columns(other, `j${index}`).column(field.name);
  };

/** The records that `t` refers to, as they are now. */
export const currentJoins = (scope: RollupScope): string =>
  scope.others
    .map((record, index) => {
      const on = onReference(scope, record, `j${index}`);
      return ` left join ${scope.quote(record.table.table)} as j${index} on ${on} and j${index}.workspace = ${scope.workspace}`;
    })
    .join('');

/** That the reference of `t` leads to the record under this alias. */
export function onReference({ base, columns }: RollupScope, { path }: StoredRecord, alias: string): string {
  const reference = path[0] ?? '';
  const own = columns(base, 't');
  return `${alias}.source_id = ${own.column(reference)} and ${alias}.source_system = ${own.system(reference)}`;
}
