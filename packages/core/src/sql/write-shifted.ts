import type { Dialect } from '../dialects/dialect.ts';
import { type DateShift, shiftOfPeriods } from '../query/date-shift.ts';
import type { Block, QueryPlan } from '../query/query-plan.ts';
import { shownPeriods } from '../query/time-bounds.ts';
import { formatDay } from '../time/calendar.ts';
import { columnsOf, keyColumn } from './aggregate-columns.ts';
import type { PlanScope } from './write-block.ts';

/** Column that is 1 in rows that stand for themselves, null in those that only add earlier values to them. */
export const SHOWN = 'is_shown';

/**
 * Whether earlier values may fall on periods that the answer does not have: where its range has no end, the last
 * period's value would otherwise appear in a period after it.
 */
export function needsShown({ blocks, bounds }: QueryPlan): boolean {
  if (bounds.from !== undefined && bounds.to !== undefined) return false;
  return blocks.some(movesKeys) && !blocks.every(movesKeys);
}

/** Whether the block's rows are rows of the answer by themselves. */
export const isShown = (block: Block, plan: QueryPlan): boolean => !needsShown(plan) || !movesKeys(block);

/** The period that is compared with this one. */
export const laterDay = (day: string, { months, days }: DateShift, { shiftDay }: Dialect): string =>
  shiftDay(shiftDay(day, 0, days), months, 0);

/** The period that this one is compared with. */
export const earlierDay = (day: string, { months, days }: DateShift, { shiftDay }: Dialect): string =>
  shiftDay(shiftDay(day, -months, 0), 0, -days);

const movesKeys = ({ shift, ownTime }: Block): boolean => shift !== undefined && ownTime !== undefined;

/** A block's rows, moved to the periods that they are compared with; those that fall on none are left out. */
export function writeShifted(text: string, block: Block, scope: PlanScope): string {
  const { plan } = scope;
  const shown = needsShown(plan) ? [`${movesKeys(block) ? 'cast(null as integer)' : '1'} as ${SHOWN}`] : [];
  if (block.shift === undefined || block.ownTime === undefined) {
    return shown.length === 0 ? text : `select ${[...allColumns(block, scope), ...shown].join(', ')} from (${text}) as rows_of_block`;
  }
  const key = keyColumn(block.ownTime);
  const grain = plan.keys[block.ownTime]?.grain ?? 'day';
  const { dialect } = scope.writer;
  const shift = shiftOfPeriods(block.shift, grain);
  const later = laterDay(key, shift, dialect);
  const columns = allColumns(block, scope).map((name) => (name === key ? `${later} as ${key}` : name));
  const moved = `select ${[...columns, ...shown, `${key} as earlier_period`].join(', ')} from (${text}) as rows_of_block`;
  const kept = [`${key} is not null`, ...withinRange(key, grain, scope)];
  // The 31st has no counterpart in a month of 30 days.
  if (shift.months !== 0 && grain === 'day') kept.push(`${earlierDay(key, shift, dialect)} = earlier_period`);
  const names = [...allColumns(block, scope), ...(shown.length === 0 ? [] : [SHOWN])];
  return `select ${names.join(', ')} from (${moved}) as moved where ${kept.join(' and ')}`;
}

const allColumns = (block: Block, { plan }: PlanScope): readonly string[] => [
  ...plan.keys.map((_key, index) => keyColumn(index)),
  ...columnsOf(block.aggregates, plan).map(({ name }) => name),
];

function withinRange(key: string, grain: Parameters<typeof shownPeriods>[1], { plan, writer }: PlanScope): readonly string[] {
  const { first, last } = shownPeriods(plan.bounds, grain, plan);
  const day = (known: number): string => writer.dialect.literal(writer.bind(formatDay(known)), 'date');
  return [...(first === undefined ? [] : [`${key} >= ${day(first)}`]), ...(last === undefined ? [] : [`${key} <= ${day(last)}`])];
}
