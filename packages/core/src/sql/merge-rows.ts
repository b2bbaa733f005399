import { columnsOf, keyColumn } from './aggregate-columns.ts';
import { groupBy, type PlanScope } from './write-block.ts';
import { needsShown, SHOWN } from './write-shifted.ts';

/** One row for each combination of keys; each column is in one of the rows at most. */
export function mergeRows(rows: string, { plan }: PlanScope): string {
  const keys = plan.keys.map((_key, index) => keyColumn(index));
  const names = [
    ...plan.blocks.flatMap((block) => columnsOf(block.aggregates, plan)).map(({ name }) => name),
    ...(needsShown(plan) ? [SHOWN] : []),
  ];
  const columns = names.map((name) => `max(${name}) as ${name}`);
  return `select ${[...keys, ...columns].join(', ')} from (${rows}) as part_rows${groupBy(keys.length)}`;
}
