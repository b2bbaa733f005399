import { groupBy } from '../sql/write-block.ts';
import { rollupKeys, rollupMeasures } from './rollup-columns.ts';
import type { RollupScope } from './rollup-scope.ts';
import { sumColumns } from './rollup-sums.ts';

/** Rows of differences beside the merged ones before they are merged, too. */
const MOST_DIFFERENCES = 10_000;

/** Merges the rows of each group when there are many differences; nothing is read while there are few. */
export function writeMerging({ rollup, name, quote }: RollupScope): readonly string[] {
  const keys = rollupKeys(rollup).map((key) => key.name);
  const sums = sumColumns(rollup);
  const table = quote(name);
  const merging = quote(`${name}_merging`);
  const due = `select 1 as due from ${table} having count(*) filter (where not merged) > ${MOST_DIFFERENCES} + count(*) filter (where merged)`;
  const summed = sums.map((column) => `sum(${column}) as ${column}`);
  // Without keys there is one row, also of nothing.
  const once = keys.length === 0 ? ' having count(*) > 0' : groupBy(keys.length);
  const filled = `${once}${
    keys.length === 0
      ? ''
      : ` having ${rollupMeasures(rollup)
          .map(({ records }) => `sum(${records}) <> 0`)
          .join(' or ')}`
  }`;
  return [
    `create or replace temp table ${merging} as select ${[...keys, ...summed].join(', ')} from ${table} cross join (${due}) as is_due${filled}`,
    `delete from ${table} where exists (${due})`,
    `insert into ${table} (${[...keys, ...sums, 'merged'].join(', ')}) select *, true from ${merging}`,
    `drop table ${merging}`,
  ];
}
