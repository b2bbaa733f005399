import type { Fill } from '../query/query-plan.ts';
import { columnsOf, keyColumn } from './aggregate-columns.ts';
import { mergeRows } from './merge-rows.ts';
import type { PlanScope } from './write-block.ts';
import { type WrittenCheck, writePeriods } from './write-periods.ts';
import { needsShown, SHOWN } from './write-shifted.ts';

/** Adds the missing periods to `cells`, for every combination of the other keys that is there. */
export function writeFill(
  fill: Fill,
  scope: PlanScope,
): { readonly with: readonly string[]; readonly from: string; readonly check: WrittenCheck } {
  const { plan, writer } = scope;
  const time = keyColumn(fill.key);
  const keys = plan.keys.map((_key, index) => keyColumn(index));
  const others = keys.filter((name) => name !== time);
  const groups = others.length === 0 ? undefined : 'key_groups';
  const shown = needsShown(plan);
  const unknown = { first: `min(${time})`, last: `max(${time})`, source: `cells${shown ? ` where ${SHOWN} = 1` : ''}` };
  const periods = writePeriods({ prefix: 'fill', ...fill, unknown, groups }, writer);
  const columns = plan.blocks.flatMap((block) => columnsOf(block.aggregates, plan));
  const gridKeys = keys.map((name) => (name === time ? `${periods.relation}.period` : `${groups}.${name}`));
  const blanks = [...columns.map(({ type }) => writer.dialect.cast('null', type)), ...(shown ? ['1'] : [])];
  const grid = `select ${[...gridKeys, ...blanks].join(', ')} from ${periods.relation}${groups === undefined ? '' : ` cross join ${groups}`}`;
  const own = [...keys, ...columns.map(({ name }) => name), ...(shown ? [SHOWN] : [])];
  return {
    with: [...(groups === undefined ? [] : [`${groups} as (select distinct ${others.join(', ')} from cells)`]), ...periods.with],
    from: `(${mergeRows(`select ${own.join(', ')} from cells union all ${grid}`, scope)}) as filled`,
    check: periods.check,
  };
}
