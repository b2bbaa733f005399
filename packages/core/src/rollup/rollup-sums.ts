import type { BoundExpression } from '../expression/bound-expression.ts';
import type { LinkedRollup } from '../semantic/linked-layer.ts';
import { rollupKeys, rollupMeasures } from './rollup-columns.ts';

/** Keys and sums; every record counts as often as `sign` says. */
export function selectRollup(rollup: LinkedRollup, write: (expression: BoundExpression) => string, sign: string): string {
  const keys = rollupKeys(rollup).map(({ name, expression }) => `${write(expression)} as ${name}`);
  const sums = rollupMeasures(rollup).flatMap(({ measure, records, values, sum }) => {
    const filter = measure.filter === undefined ? '' : ` filter (where ${write(measure.filter)})`;
    const count = (what: string, name: string): string => `coalesce(cast(sum(${what})${filter} as bigint), 0) as ${name}`;
    const written = [count(sign, records)];
    if (measure.expression === undefined || values === undefined) return written;
    const operand = write(measure.expression);
    written.push(count(`case when ${operand} is null then 0 else ${sign} end`, values));
    const signed = sign === '1' ? operand : `case when ${sign} < 0 then -(${operand}) else ${operand} end`;
    const type = measure.expression.type === 'money' ? 'decimal(38,4)' : 'bigint';
    if (sum !== undefined) written.push(`coalesce(cast(sum(${signed})${filter} as ${type}), 0) as ${sum}`);
    return written;
  });
  return [...keys, ...sums].join(', ');
}

/** The columns that are added up. */
export const sumColumns = (rollup: LinkedRollup): readonly string[] =>
  rollupMeasures(rollup).flatMap(({ records, values, sum }) => [records, values, sum].filter((column) => column !== undefined));
