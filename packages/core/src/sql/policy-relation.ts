import type { FieldMask, TypeScope } from '@sophia/types';
import type { BoundExpression } from '../expression/bound-expression.ts';
import { policyCondition } from './policy-condition.ts';
import { readRecords } from './read-records.ts';
import { latestRelation, namedRelation, plainRelation, type Relation, type RelationScope, selectList, typeOf } from './relation.ts';
import { writeExpression } from './write-expression.ts';
import { writeJoins } from './write-joins.ts';

/** The records of a type as the principal sees them: rows left out and fields null before anything else reads them. */
export function visibleRelation(recordType: string, fields: readonly string[], alias: string, scope: RelationScope): Relation {
  const rules = scope.context.policy?.types[recordType];
  const masks = masksOf(rules, fields);
  const judged = rules?.rows !== undefined || [...masks.values()].some(({ visible }) => visible !== undefined);
  if (rules !== undefined && judged) return judgedRelation(recordType, fields, rules, masks, alias, scope);
  const plain = plainRelation(recordType, fields, alias, scope);
  return masks.size === 0 ? plain : { ...plain, ...masked(plain, recordType, masks, () => undefined, scope) };
}

/** The mask of each masked field. */
function masksOf(rules: TypeScope | undefined, fields: readonly string[]): ReadonlyMap<string, FieldMask> {
  return new Map(
    (rules?.masks ?? []).flatMap((mask) => fields.filter((field) => mask.fields.includes(field)).map((field) => [field, mask] as const)),
  );
}

/**
 * Rows are judged by the record as it is now and by its present owner, also where its past is asked for: beside the
 * record stands its latest state, and behind it the records of today that the filters' paths lead to.
 */
function judgedRelation(
  recordType: string,
  fields: readonly string[],
  { rows }: TypeScope,
  masks: ReadonlyMap<string, FieldMask>,
  alias: string,
  scope: RelationScope,
): Relation {
  const now = { ...scope, asOf: null };
  const bind = (filter: NonNullable<TypeScope['rows']>): BoundExpression => policyCondition(filter, recordType, scope.recordTypes);
  const filters = [rows, ...[...masks.values()].map(({ visible }) => visible)].filter((filter) => filter !== undefined);
  const [judged, ...behind] = readRecords(recordType, filters.map(bind), scope.recordTypes);
  const own = [...new Set([...fields, ...judged.fields])];
  const base = plainRelation(recordType, own, 'b', scope);
  const { from, condition, field } = writeJoins([judged, ...behind], scope.context, (record, index) => {
    if (index > 0) return plainRelation(record.recordType, record.fields, `p${index}`, now);
    return scope.asOf === null ? base : latestRelation(recordType, record.fields, 'p0', now);
  });
  // A rule's day is that of UTC, as where single records are judged: whoever asks chooses the query's zone.
  const time = { ...scope.time, timeZone: 'UTC' };
  const write = (expression: BoundExpression): string =>
    writeExpression(expression, { writer: scope.writer, time, field, column: () => '' });
  const columns = masked(base, recordType, masks, ({ visible }) => (visible === undefined ? undefined : write(bind(visible))), scope);
  // The record that is judged is joined to the one that is read, when they are not the same.
  const source = scope.asOf === null ? from : `${from} join ${base.from} on ${base.column('id')} = p0.${scope.writer.dialect.quote('id')}`;
  const where = [condition, rows === undefined ? '' : write(bind(rows))].filter((part) => part !== '');
  const filter = where.length === 0 ? '' : ` where ${where.join(' and ')}`;
  return namedRelation(`(select ${selectList(recordType, fields, columns, scope)} from ${source}${filter}) as ${alias}`, alias, scope);
}

function masked(
  plain: Relation,
  recordType: string,
  masks: ReadonlyMap<string, FieldMask>,
  visible: (mask: FieldMask) => string | undefined,
  scope: RelationScope,
): Pick<Relation, 'column' | 'system'> {
  const { dialect } = scope.writer;
  const hide = (field: string, sql: string, type: Parameters<typeof dialect.cast>[1]): string => {
    const mask = masks.get(field);
    if (mask === undefined) return sql;
    const condition = visible(mask);
    return condition === undefined ? dialect.cast('null', type) : `case when ${condition} then ${sql} end`;
  };
  return {
    column: (field) => hide(field, plain.column(field), typeOf(recordType, field, scope)),
    system: (field) => hide(field, plain.system(field), 'text'),
  };
}
