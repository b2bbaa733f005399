import type { HiddenCheck } from '../query/compiled-query.ts';
import type { Block } from '../query/query-plan.ts';
import { columnsOf, keyColumn } from './aggregate-columns.ts';
import { mergeRows } from './merge-rows.ts';
import { type PlanScope, writeBlock } from './write-block.ts';
import { writeFill } from './write-fill.ts';

export interface WrittenCells {
  /** `with …` and a space, or nothing. */
  readonly with: string;
  /** Relation with the keys and every aggregate's columns: one row for each cell of the answer. */
  readonly from: string;
  readonly checks: readonly { readonly columns: readonly string[]; readonly check: HiddenCheck }[];
}

/** The blocks' rows brought together by their keys: null is a value like others. */
export function writeCells(scope: PlanScope): WrittenCells {
  const { plan } = scope;
  const [only, ...others] = plan.blocks;
  const blocks = plan.blocks.map((block) => writeShownBlock(block, scope));
  const cells = only !== undefined && others.length === 0 ? (blocks[0] ?? '') : mergeRows(unionOf(blocks, scope), scope);
  if (plan.fill === undefined) return { with: '', from: `(${cells}) as cells`, checks: [] };
  const filled = writeFill(plan.fill, scope);
  return { with: `with cells as (${cells}), ${filled.with} `, from: filled.from, checks: filled.checks };
}

const writeShownBlock = (block: Block, scope: PlanScope): string => writeBlock(block, scope);

/** The rows of all blocks under each other, each with null in the columns of the others. */
function unionOf(blocks: readonly string[], scope: PlanScope): string {
  const { plan, writer } = scope;
  const keys = plan.keys.map((_key, index) => keyColumn(index));
  return blocks
    .map((text, index) => {
      const columns = plan.blocks.flatMap((block, other) =>
        columnsOf(block.aggregates, plan).map(({ name, type }) =>
          other === index ? name : `${writer.dialect.cast('null', type)} as ${name}`,
        ),
      );
      return `select ${[...keys, ...columns].join(', ')} from (${text}) as b${index}`;
    })
    .join(' union all ');
}
