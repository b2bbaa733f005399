import { type BoundExpression, TRUE } from '../expression/bound-expression.ts';
import type { Block, QueryPlan } from '../query/query-plan.ts';
import type { RollupBlock } from '../rollup/rollup-block.ts';
import { keyColumn } from './aggregate-columns.ts';
import { visibleRelation } from './policy-relation.ts';
import { readRecords } from './read-records.ts';
import type { RelationScope } from './relation.ts';
import { writeAggregates } from './write-aggregates.ts';
import { writeExpression } from './write-expression.ts';
import { writeJoins } from './write-joins.ts';

export interface PlanScope extends RelationScope {
  readonly plan: QueryPlan;
  /** The rollups that stand for blocks, where one has what they ask for. */
  readonly rollups: ReadonlyMap<Block, RollupBlock>;
}

/** The records of a block, joined and chosen, and how expressions over them are written. */
export interface BlockSource {
  /** `from … where …`. */
  readonly text: string;
  readonly write: (expression: BoundExpression) => string;
}

/** One row for each group of a block's records: its keys, then the columns of its aggregates. */
export function writeBlock(block: Block, scope: PlanScope): string {
  const { text, write } = blockSource(block, scope);
  const keys = block.keys.map((key, index) => `${write(key)} as ${keyColumn(index)}`);
  const { parts, results } = writeAggregates(block, {
    plan: scope.plan,
    dialect: scope.writer.dialect,
    isGrouped: keys.length > 0,
    isPartial: false,
    write,
  });
  const sqlOf = new Map(parts.map(({ name, sql }) => [name, sql]));
  const columns = results.map(({ name, sql }) => `${sql((part) => sqlOf.get(part) ?? '')} as ${name}`);
  return `select ${[...keys, ...columns].join(', ')} ${text}${groupBy(keys.length)}`;
}

export const groupBy = (keys: number): string =>
  keys === 0 ? '' : ` group by ${Array.from({ length: keys }, (_none, index) => index + 1).join(', ')}`;

export function blockSource(block: Block, scope: PlanScope): BlockSource {
  const expressions = blockExpressions(block);
  const records = readRecords(block.from.recordType.name, expressions, scope.recordTypes);
  const { from, condition, field } = writeJoins(records, scope.context, (record, index) =>
    visibleRelation(record.recordType, record.fields, index === 0 ? 't' : `j${index}`, scope),
  );
  const write = (expression: BoundExpression): string =>
    writeExpression(expression, { writer: scope.writer, time: scope.time, field, column: (name) => name });
  const where = [condition, block.condition === TRUE ? '' : write(block.condition)].filter((part) => part !== '');
  return { text: `from ${from}${where.length === 0 ? '' : ` where ${where.join(' and ')}`}`, write };
}

/** Everything that a block reads of its records. */
export function blockExpressions({ keys, condition, aggregates, cumulative }: Block): readonly BoundExpression[] {
  return [
    ...keys,
    condition,
    ...aggregates.flatMap(({ condition: own, measure, currencies }) => [
      own,
      ...(measure.expression === undefined ? [] : [measure.expression]),
      ...currencies,
    ]),
    ...(cumulative === undefined ? [] : [cumulative.time]),
  ];
}
