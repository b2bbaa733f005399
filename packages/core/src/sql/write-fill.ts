import type { HiddenCheck } from '../query/compiled-query.ts';
import { MAX_FILLED_CELLS, MAX_PERIODS } from '../query/limits.ts';
import type { Fill } from '../query/query-plan.ts';
import { formatDay } from '../time/calendar.ts';
import { columnsOf, keyColumn } from './aggregate-columns.ts';
import { mergeRows } from './merge-rows.ts';
import type { PlanScope } from './write-block.ts';
import { needsShown, SHOWN } from './write-shifted.ts';

/** Adds the missing periods to `cells`, for every combination of the other keys that is there. */
export function writeFill(fill: Fill, scope: PlanScope) {
  const { plan, writer } = scope;
  const { dialect } = writer;
  const time = keyColumn(fill.key);
  const others = plan.keys.map((_key, index) => keyColumn(index)).filter((_name, index) => index !== fill.key);
  const day = (known: number | undefined, unknown: string): string =>
    known === undefined ? unknown : dialect.literal(writer.bind(formatDay(known)), 'date');
  const [first, last] = [day(fill.first, `min(${time})`), day(fill.last, `max(${time})`)];
  const isOpen = fill.first === undefined || fill.last === undefined;
  const groups = others.length === 0 ? '1' : `(select count(*) from key_groups)`;
  const limits = `fill_range as (select first_period, last_period, ${dialect.countPeriods('first_period', 'last_period', fill.grain)} * ${groups} as filled_cells from (select ${first} as first_period, ${last} as last_period${isOpen ? ` from cells${needsShown(plan) ? ` where ${SHOWN} = 1` : ''}` : ''}) as shown)`;
  // Beyond the limit nothing is filled; the hidden column says so, and the answer is refused.
  const within = `(select first_period, last_period from fill_range where filled_cells <= ${MAX_FILLED_CELLS}) as fill_range`;
  const periods = `periods as (${dialect.periods('period', 'first_period', 'last_period', fill.grain, within, MAX_PERIODS)})`;
  const keys = plan.keys.map((_key, index) => (index === fill.key ? 'periods.period' : `key_groups.${keyColumn(index)}`));
  const columns = plan.blocks.flatMap((block) => columnsOf(block.aggregates, plan));
  const blanks = [...columns.map(({ type }) => dialect.cast('null', type)), ...(needsShown(plan) ? ['1'] : [])];
  const grid = `select ${[...keys, ...blanks].join(', ')} from periods${others.length === 0 ? '' : ' cross join key_groups'}`;
  const own = [
    ...plan.keys.map((_key, index) => keyColumn(index)),
    ...columns.map(({ name }) => name),
    ...(needsShown(plan) ? [SHOWN] : []),
  ];
  const filled = mergeRows(`select ${own.join(', ')} from cells union all ${grid}`, scope);
  const parts = [...(others.length === 0 ? [] : [`key_groups as (select distinct ${others.join(', ')} from cells)`]), limits, periods];
  const check: HiddenCheck = { kind: 'filled_cells', column: 'filled_cells', limit: MAX_FILLED_CELLS };
  return {
    with: parts,
    from: `(${filled}) as filled`,
    checks: [{ columns: ['(select max(filled_cells) from fill_range) as filled_cells'], check }],
  };
}
