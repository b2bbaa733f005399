import type { AnswerColumn } from '@sophia/types';
import type { Dialect } from '../dialects/dialect.ts';
import { type BoundExpression, TRUE } from '../expression/bound-expression.ts';
import type { Block } from '../query/query-plan.ts';
import { COLUMN_TYPES } from './column-types.ts';
import { visibleRelation } from './policy-relation.ts';
import { readRecords } from './read-records.ts';
import { isReference, typeOf } from './relation.ts';
import { blockExpressions, type PlanScope } from './write-block.ts';
import { writeExpression } from './write-expression.ts';
import { writeJoins } from './write-joins.ts';

/** What stands before a record's fields. */
const KEY = ['id', 'source_system', 'source_id', 'version'] as const;

/** The records that a block's only aggregate is over, each with its value in it and all of its fields; behind the columns how many they are, also beyond a page. */
export function writeRecords(
  block: Block,
  after: string | undefined,
  limit: number,
  scope: PlanScope,
): { readonly text: string; readonly columns: readonly AnswerColumn[] } {
  const { writer } = scope;
  const { recordType } = block.from;
  const fields = recordType.fields.map(({ name }) => name);
  const [base, ...joined] = readRecords(recordType.name, blockExpressions(block), scope.recordTypes);
  const own = { path: [], recordType: recordType.name, fields: [...new Set([...fields, 'version', ...base.fields])] };
  const relation = visibleRelation(recordType.name, own.fields, 't', scope);
  const { from, condition, field } = writeJoins([own, ...joined], scope.context, (record, index) =>
    index === 0 ? relation : visibleRelation(record.recordType, record.fields, `j${index}`, scope),
  );
  const write = (expression: BoundExpression): string =>
    writeExpression(expression, { writer, time: scope.time, field, column: (name) => name });
  const chosen = [
    condition,
    block.condition === TRUE ? '' : write(block.condition),
    after === undefined ? '' : `${relation.column('id')} > ${writer.dialect.literal(writer.bind(after), 'integer')}`,
  ].filter((part) => part !== '');
  const systems = fields.filter((name) => isReference(recordType.name, name, scope));
  const columns: readonly (readonly [AnswerColumn, string])[] = [
    ...KEY.map((name) => [{ name, type: name === 'id' || name === 'version' ? 'integer' : 'text' }, relation.column(name)] as const),
    [{ name: 'value', type: COLUMN_TYPES[valueType(block)] }, writeValue(block, write)],
    ...fields.map((name) => [{ name, type: COLUMN_TYPES[typeOf(recordType.name, name, scope)] }, relation.column(name)] as const),
    ...systems.map((name) => [{ name: `${name}__system`, type: 'text' }, relation.system(name)] as const),
  ];
  const selected = columns.map(([, sql], index) => `${sql} as c${index}`);
  const where = chosen.length === 0 ? '' : ` where ${chosen.join(' and ')}`;
  const rows = `select ${selected.join(', ')} from ${from}${where} order by ${relation.column('id')} limit ${limit}`;
  const names = columns.map((_, index) => `c${index}`);
  // Numbers, days and instants are short.
  const long = columns.flatMap(([{ type }], index) => (type === 'text' ? [`c${index}`] : []));
  return { text: writePage(rows, names, long, writer.dialect), columns: columns.map(([column]) => column) };
}

/** Characters after which a page ends: one thread makes the answers of all, so that none may be long. */
const PAGE_LENGTH = 8_000_000;

/** The rows up to the one that fills the page, so that there is one at least, each with how many they would be. */
function writePage(rows: string, names: readonly string[], long: readonly string[], { cast }: Dialect): string {
  const length = long.map((name) => `coalesce(length(${cast(name, 'text')}), 0)`).join(' + ');
  const before = `coalesce(sum(${length}) over (order by c0 rows between unbounded preceding and 1 preceding), 0)`;
  const measured = `select *, count(*) over () as found, ${before} as length_before from (${rows}) as page`;
  return `select ${names.join(', ')}, found from (${measured}) as measured where length_before < ${PAGE_LENGTH} order by c0`;
}

const measureOf = (block: Block) => block.aggregates[0]?.measure;

const valueType = (block: Block) => {
  const measure = measureOf(block);
  return measure?.expression === undefined || measure.aggregation === 'count' ? 'integer' : measure.expression.type;
};

/** What is aggregated of the record; for counts whether it counts. */
function writeValue(block: Block, write: (expression: BoundExpression) => string): string {
  const measure = measureOf(block);
  if (measure?.expression === undefined) return '1';
  const operand = write(measure.expression);
  return measure.aggregation === 'count' ? `case when ${operand} is null then 0 else 1 end` : operand;
}
