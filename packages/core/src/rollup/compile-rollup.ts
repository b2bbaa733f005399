import { createHash } from 'node:crypto';
import { SophiaError } from '@sophia/shared';
import type { SemanticLayer, WorkspaceId } from '@sophia/types';
import { dialects } from '../dialects/dialects.ts';
import type { BoundExpression, FieldRead } from '../expression/bound-expression.ts';
import type { AvailableRollup, CompileContext, PhysicalTable } from '../query/compile-context.ts';
import type { CompiledStatement } from '../query/compiled-query.ts';
import { linkedLayer } from '../semantic/link-layer.ts';
import type { LinkedModel, LinkedRollup } from '../semantic/linked-layer.ts';
import { pathKey, type ReadRecord, readRecords } from '../sql/read-records.ts';
import { tableColumns } from '../sql/relation.ts';
import { StatementWriter } from '../sql/statement-writer.ts';
import { groupBy } from '../sql/write-block.ts';
import { writeExpression } from '../sql/write-expression.ts';
import { rollupKeys, rollupMeasures } from './rollup-columns.ts';

/** A rollup's table: how it is made, and how it follows the records. The structure of the warehouse's derived tables. */
export interface CompiledRollup {
  /** `rollup_<workspace>_<model>_<rollup>`. */
  readonly name: string;
  /** Differs whenever the statements do. */
  readonly fingerprint: string;
  readonly reads: readonly { readonly workspace: WorkspaceId; readonly recordType: string }[];
  readonly create: readonly CompiledStatement[];
  readonly refresh: readonly CompiledStatement[];
  /** What `CompileContext.rollups` takes while the table is kept. */
  readonly available: AvailableRollup;
}

/** Rows of differences beside the merged ones before they are merged, too. */
const MOST_DIFFERENCES = 10_000;

/**
 * The statements that keep a rollup, or undefined where the tables do not allow it (a field that was added to a
 * built-in type, a type without a table). `refresh` expects, for each table `t` of the types read, a view `changed_t`
 * with its columns and `sign`: at most one row of -1, as it was, and one of 1, as it is, for each record that changed.
 */
export function compileRollup(layer: SemanticLayer, model: string, rollup: string, context: CompileContext): CompiledRollup | undefined {
  const linked = linkedLayer(layer);
  const from = linked.models.get(model);
  const kept = from?.rollups.get(rollup);
  if (from === undefined || kept === undefined) throw new SophiaError('not_found', `There is no rollup ${rollup} in the model ${model}.`);
  const name = `rollup_${Number(context.workspace)}_${model}_${rollup}`;
  const scope = rollupScope(from, kept, name, linked.recordTypes, context);
  if (scope === undefined) return undefined;
  const create = [scope.statement((write) => writeCreate(scope, write))];
  const refresh = [
    scope.statement((write) => writeDifferences(scope, write)),
    ...writeMerging(scope).map((text) => scope.statement(() => text)),
  ];
  return {
    name,
    fingerprint: createHash('sha256')
      .update(JSON.stringify([create, refresh]))
      .digest('hex')
      .slice(0, 32),
    reads: [...new Set(scope.records.map(({ recordType }) => recordType))].map((recordType) => ({
      workspace: context.workspace,
      recordType,
    })),
    create,
    refresh,
    available: { model, rollup, table: name },
  };
}

/** Writes an expression, given what a field is at that place. */
type Write = (expression: BoundExpression, field: (read: FieldRead) => string) => string;

interface RollupScope {
  readonly rollup: LinkedRollup;
  readonly name: string;
  readonly workspace: number;
  /** The base record first, then those that it refers to. */
  readonly records: readonly (ReadRecord & { readonly table: PhysicalTable })[];
  readonly quote: (identifier: string) => string;
  /** Columns of a record's table under an alias. */
  readonly columns: (record: ReadRecord, alias: string) => ReturnType<typeof tableColumns>;
  readonly statement: (text: (write: Write) => string) => CompiledStatement;
}

function rollupScope(
  from: LinkedModel,
  rollup: LinkedRollup,
  name: string,
  recordTypes: Parameters<typeof readRecords>[2],
  context: CompileContext,
): RollupScope | undefined {
  const expressions = [
    ...rollupKeys(rollup).map(({ expression }) => expression),
    ...rollup.measures.flatMap(({ expression, filter }) => [expression, filter].filter((each) => each !== undefined)),
  ];
  const records = readRecords(from.recordType.name, expressions, recordTypes).map((record) => ({
    ...record,
    table: context.table(record.recordType),
  }));
  const isPlain = (record: (typeof records)[number]): record is (typeof records)[number] & { readonly table: PhysicalTable } =>
    record.table !== undefined && record.fields.every((field) => record.table?.fields.get(field)?.extension !== true);
  if (!records.every(isPlain)) return undefined;
  const dialect = dialects[context.dialect];
  // Days are those of UTC: queries in another zone, or with other weeks, do not take the rollup.
  const time = { today: 0, timeZone: 'UTC', weekStart: 'monday' } as const;
  return {
    rollup,
    name,
    workspace: Number(context.workspace),
    records,
    quote: dialect.quote,
    columns(record, alias) {
      const table = context.table(record.recordType);
      if (table === undefined) throw new Error(`${record.recordType} has no table`);
      return tableColumns(table, record.recordType, alias, alias, {
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

/** The table, filled from all records. */
function writeCreate(scope: RollupScope, write: Write): string {
  const { rollup, name, quote, records } = scope;
  const field = currentField(scope);
  const [base] = records;
  if (base === undefined) throw new Error('a rollup is over the records of a type');
  const from = `${quote(base.table.table)} as t${joinsOf(scope)} where t.workspace = ${scope.workspace}`;
  return `create table ${quote(name)} as select ${selectRollup(rollup, (each) => write(each, field), '1')}, true as merged from ${from}${groupBy(rollupKeys(rollup).length)}`;
}

const aliasOf = (records: readonly ReadRecord[], path: readonly string[]): string => {
  const index = records.findIndex((record) => pathKey(record.path) === pathKey(path));
  return index === 0 ? 't' : `j${index}`;
};

const currentField =
  (scope: RollupScope) =>
  ({ path, field }: FieldRead): string => {
    const record = scope.records.find((each) => pathKey(each.path) === pathKey(path));
    if (record === undefined) throw new Error(`the records at ${pathKey(path)} are not read`);
    return scope.columns(record, aliasOf(scope.records, path)).column(field.name);
  };

/** The records that the base refers to, as they are now. */
function joinsOf(scope: RollupScope): string {
  const [base, ...others] = scope.records;
  return others
    .map(
      (record) =>
        ` left join ${scope.quote(record.table.table)} as ${onReference(scope, base, record, aliasOf(scope.records, record.path), true)}`,
    )
    .join('');
}

function onReference(scope: RollupScope, base: ReadRecord | undefined, record: ReadRecord, alias: string, inTable: boolean): string {
  if (base === undefined) throw new Error('a rollup is over the records of a type');
  const reference = record.path[0] ?? '';
  const own = scope.columns(base, 't');
  const workspace = inTable ? ` and ${alias}.workspace = ${scope.workspace}` : '';
  return `${alias} on ${alias}.source_id = ${own.column(reference)} and ${alias}.source_system = ${own.system(reference)}${workspace}`;
}

/** Keys and sums; every record counts as often as `sign` says. */
function selectRollup(rollup: LinkedRollup, write: (expression: BoundExpression) => string, sign: string): string {
  const keys = rollupKeys(rollup).map(({ name, expression }) => `${write(expression)} as ${name}`);
  const sums = rollupMeasures(rollup).flatMap(({ measure, records, values, sum }) => {
    const filter = measure.filter === undefined ? '' : ` filter (where ${write(measure.filter)})`;
    const count = (what: string, name: string): string => `coalesce(cast(sum(${what})${filter} as bigint), 0) as ${name}`;
    const written = [count(sign, records)];
    if (measure.expression === undefined) return written;
    const operand = write(measure.expression);
    if (values !== undefined) written.push(count(`case when ${operand} is null then 0 else ${sign} end`, values));
    const signed = sign === '1' ? operand : `case when ${sign} < 0 then -(${operand}) else ${operand} end`;
    const type = measure.expression.type === 'money' ? 'decimal(38,4)' : 'bigint';
    if (sum !== undefined) written.push(`coalesce(cast(sum(${signed})${filter} as ${type}), 0) as ${sum}`);
    return written;
  });
  return [...keys, ...sums].join(', ');
}

/**
 * Adds the difference that the changed records make. A record counts -1 as it was with what it referred to as that was,
 * and 1 as it is now: those that changed themselves, and those that refer to one that changed.
 */
function writeDifferences(scope: RollupScope, write: Write): string {
  const { rollup, name, quote, records, workspace } = scope;
  const [base, ...others] = records;
  if (base === undefined) throw new Error('a rollup is over the records of a type');
  const table = quote(base.table.table);
  const changedBase = `${quote(`changed_${base.table.table}`)}`;
  const changed = others.map((record, index) => `changed${index} as (${writeChanged(scope, record)})`);
  const referring = others.map(
    (record, index) =>
      `select t.id from ${table} as t join changed${index} as ${onReference(scope, base, record, `c${index}`, false)} where t.workspace = ${workspace}`,
  );
  const affected = `affected as (${referring.join(' union ')})`;
  const changedRows = `select *, sign as side from ${changedBase} where workspace = ${workspace}`;
  const unchanged = `select t.*, s.side as sign, s.side from ${table} as t join affected as a on a.id = t.id cross join (select -1 as side union all select 1) as s where t.workspace = ${workspace} and t.id not in (select id from ${changedBase} where workspace = ${workspace})`;
  const rows = others.length === 0 ? changedRows : `${changedRows} union all ${unchanged}`;
  const parts = [...changed, ...(others.length === 0 ? [] : [affected]), `counted as (${rows})`];
  const joins = others
    .map((record, index) => ` left join changed${index} as ${onReference(scope, base, record, `c${index}`, false)}`)
    .join('');
  const current = currentField(scope);
  const field = (read: FieldRead): string => {
    const index = others.findIndex((record) => pathKey(record.path) === pathKey(read.path));
    if (index === -1) return current(read);
    return `case when t.side < 0 and c${index}.source_id is not null then c${index}.${quote(`was_${read.field.name}`)} else ${current(read)} end`;
  };
  const select = `select ${selectRollup(rollup, (each) => write(each, field), 't.side')}, false as merged from counted as t${joinsOf(scope)}${joins}${groupBy(rollupKeys(rollup).length)}`;
  const columns = [...rollupKeys(rollup).map((key) => key.name), ...sumColumns(rollup), 'merged'];
  return `insert into ${quote(name)} (${columns.join(', ')}) with ${parts.join(', ')} ${select}`;
}

/** The records referred to whose fields are not what they were, each with what they were. */
function writeChanged(scope: RollupScope, record: RollupScope['records'][number]): string {
  const columns = scope.columns(record, 'r');
  const was = record.fields.map((field) => `max(${columns.column(field)}) filter (where r.sign < 0)`);
  const is = record.fields.map((field) => `max(${columns.column(field)}) filter (where r.sign > 0)`);
  const differs = was.map((before, index) => `${before} is distinct from ${is[index]}`);
  const selected = [
    'r.source_system',
    'r.source_id',
    ...was.map((sql, index) => `${sql} as ${scope.quote(`was_${record.fields[index]}`)}`),
  ];
  return `select ${selected.join(', ')} from ${scope.quote(`changed_${record.table.table}`)} as r where r.workspace = ${scope.workspace} group by 1, 2 having ${differs.join(' or ')}`;
}

const sumColumns = (rollup: LinkedRollup): readonly string[] =>
  rollupMeasures(rollup).flatMap(({ records, values, sum }) => [records, values, sum].filter((column) => column !== undefined));

/** Merges the rows of each group when there are many differences; nothing is read while there are few. */
function writeMerging({ rollup, name, quote }: RollupScope): readonly string[] {
  const keys = rollupKeys(rollup).map((key) => key.name);
  const sums = sumColumns(rollup);
  const table = quote(name);
  const merging = quote(`${name}_merging`);
  const due = `select 1 as due from ${table} having count(*) filter (where not merged) > ${MOST_DIFFERENCES} + count(*) filter (where merged)`;
  const counted = rollupMeasures(rollup).map(({ records }) => `sum(${records}) <> 0`);
  const summed = sums.map((column) => `sum(${column}) as ${column}`);
  return [
    `create or replace temp table ${merging} as select ${[...keys, ...summed].join(', ')} from ${table} cross join (${due}) as is_due${groupBy(keys.length)}${keys.length === 0 ? ' having count(*) > 0' : ''}`,
    `delete from ${table} where exists (${due})`,
    `insert into ${table} (${[...keys, ...sums, 'merged'].join(', ')}) select ${[...keys, ...summed, 'true'].join(', ')} from ${merging}${groupBy(keys.length)}${keys.length === 0 ? '' : ` having ${counted.join(' or ')}`}`,
    `drop table ${merging}`,
  ];
}
