import type { Block, QueryPlan } from '../query/query-plan.ts';
import { aggregateColumns } from './aggregate-columns.ts';

/** What comes into cumulative cells at once, or leaves their windows: the records of one period. SQL over rows or groups of these. */
export interface Step {
  /** How many records; null where the row is none of the step's. */
  readonly size: string;
  readonly at: string;
}

/** The columns of a cumulative block that are compared with the smallest group. */
export const sizeColumns = ({ aggregates }: Pick<Block, 'aggregates'>, plan: Pick<QueryPlan, 'smallestGroup'>): readonly string[] =>
  aggregates.flatMap((aggregate) => aggregateColumns(aggregate, plan).size ?? []);

/**
 * A cell's count, or 1 where the last of any of the steps was of fewer records than the smallest group: the difference
 * to the cell before would be theirs. So two cells that are shown differ by no records or by enough, whatever range is
 * asked for. `over` is the window of the steps up to the cell, where they are not its group.
 */
export function countUnlessSmallStep(count: string, steps: readonly Step[], smallestGroup: number, over = ''): string {
  const conditions = steps.map(({ size, at }) => {
    const last = (sizes: string): string => `max(case when ${size} ${sizes} then ${at} end)${over}`;
    const small = last(`between 1 and ${smallestGroup - 1}`);
    return `(${small} is null or ${small} < ${last(`>= ${smallestGroup}`)})`;
  });
  return `case when ${conditions.join(' and ')} then ${count} else least(${count}, 1) end`;
}
