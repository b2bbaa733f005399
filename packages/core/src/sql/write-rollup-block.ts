import { type BoundExpression, TRUE } from '../expression/bound-expression.ts';
import type { RollupBlock } from '../rollup/rollup-block.ts';
import { aggregateColumns, keyColumn } from './aggregate-columns.ts';
import { groupBy, type PlanScope } from './write-block.ts';
import { writeExpression } from './write-expression.ts';

/** The rows of a block, from a rollup: its sums added up. */
export function writeRollupBlock({ available, keys, aggregates }: RollupBlock, scope: PlanScope): string {
  const { writer, time, plan } = scope;
  const { dialect } = writer;
  const write = (expression: BoundExpression): string =>
    writeExpression(expression, { writer, time, field: () => '', column: (name) => `r.${name}` });
  const columns = aggregates.flatMap(({ aggregate, columns: of, condition }) => {
    const sum = (column: string, type: 'integer' | 'money'): string =>
      dialect.aggregate({
        aggregation: 'sum',
        operand: `r.${column}`,
        operandType: type,
        condition: condition === TRUE ? undefined : write(condition),
        percentile: undefined,
      });
    const { value, count, valued } = aggregateColumns(aggregate, plan);
    const records = `coalesce(${sum(of.records, 'integer')}, 0)`;
    const values = of.values === undefined ? records : `coalesce(${sum(of.values, 'integer')}, 0)`;
    const total = of.sum === undefined ? values : sum(of.sum, aggregate.measure.expression?.type === 'money' ? 'money' : 'integer');
    const isAverage = aggregate.measure.aggregation === 'average';
    const shown = isAverage
      ? `${dialect.cast(total, 'number')} / nullif(${values}, 0)`
      : of.sum === undefined
        ? values
        : `case when ${values} > 0 then ${total} end`;
    return [
      `${shown} as ${value}`,
      ...(count === undefined ? [] : [`${records} as ${count}`]),
      ...(valued === undefined ? [] : [`${values} as ${valued}`]),
      `${records} as ${aggregate.column}_records`,
    ];
  });
  const selected = [...keys.map((key, index) => `${write(key)} as ${keyColumn(index)}`), ...columns];
  const rows = `select ${selected.join(', ')} from ${dialect.quote(available.table)} as r${groupBy(keys.length)}`;
  // Differences may leave a group without records.
  const kept = keys.length === 0 ? '' : ` where ${aggregates.map(({ aggregate }) => `${aggregate.column}_records > 0`).join(' or ')}`;
  const names = aggregates.flatMap(({ aggregate }) => {
    const { value, count, valued } = aggregateColumns(aggregate, plan);
    return [value, count, valued].filter((name) => name !== undefined);
  });
  return `select ${[...keys.map((_key, index) => keyColumn(index)), ...names].join(', ')} from (${rows}) as rolled_up${kept}`;
}
