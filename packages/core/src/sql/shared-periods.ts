import type { TimeGrain } from '@sophia/types';
import { type DateShift, NO_SHIFT, shiftOfPeriods } from '../query/date-shift.ts';
import type { Block, QueryPlan } from '../query/query-plan.ts';
import { keyColumn } from './aggregate-columns.ts';
import { type CumulativeBlock, isCumulative } from './cumulative-block.ts';
import type { PlanScope } from './write-block.ts';
import { earlierDay, isShown, laterDay } from './write-shifted.ts';

/** Rows of the block before they are accumulated, by name. */
export const baseRows = (index: number): string => `b${index}_base`;

/** Rows of a block that is not accumulated, by name, where others read them too. */
export const blockRows = (index: number): string => `b${index}_rows`;

/**
 * Whether what is accumulated goes on in periods of the answer after its own last record: then its blocks have to know
 * each other's periods. In a range with an end all of them end there.
 */
export const sharesPeriods = ({ blocks, bounds }: QueryPlan): boolean =>
  bounds.to === undefined && blocks.length > 1 && blocks.some(isCumulative);

/** Statements for the last day of each other block whose periods the answer has, as early as this block's shift makes it. */
export function otherLastDays(block: CumulativeBlock, grain: TimeGrain, { plan, writer: { dialect } }: PlanScope): readonly string[] {
  if (!sharesPeriods(plan)) return [];
  const last = `max(${keyColumn(block.ownTime)})`;
  const shiftOn = (shifted: Block): DateShift =>
    shifted.ownTime === block.ownTime ? shiftOfPeriods(shifted.shift ?? NO_SHIFT, grain) : NO_SHIFT;
  return plan.blocks.flatMap((other, index) => {
    if (other === block || !isShown(other, plan)) return [];
    const [day, rows] = isCumulative(other) ? [laterDay(last, shiftOn(other), dialect), baseRows(index)] : [last, blockRows(index)];
    return [`select ${earlierDay(day, shiftOn(block), dialect)} from ${rows}`];
  });
}
