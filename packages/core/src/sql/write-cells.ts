import type { HiddenCheck } from '../query/compiled-query.ts';
import type { Block } from '../query/query-plan.ts';
import { columnsOf, keyColumn } from './aggregate-columns.ts';
import { mergeRows } from './merge-rows.ts';
import { type PlanScope, writeBlock } from './write-block.ts';
import { type CumulativeBlock, writeCumulative } from './write-cumulative.ts';
import { writeFill } from './write-fill.ts';
import { writeRollupBlock } from './write-rollup-block.ts';
import { needsShown, SHOWN, writeShifted } from './write-shifted.ts';

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
  const written = plan.blocks.map((block, index) => writeOne(block, index, scope));
  const parts = written.flatMap((each) => each.with);
  const [only, ...others] = written;
  const cells =
    only !== undefined && others.length === 0
      ? only.text
      : mergeRows(
          unionOf(
            written.map(({ text }) => text),
            scope,
          ),
          scope,
        );
  const shown = needsShown(plan) ? `where ${SHOWN} = 1` : '';
  if (plan.fill === undefined) return { with: withClause(parts), from: `(${cells}) as cells ${shown}`, checks: [] };
  const filled = writeFill(plan.fill, scope);
  return { with: withClause([...parts, `cells as (${cells})`, ...filled.with]), from: `${filled.from} ${shown}`, checks: filled.checks };
}

const withClause = (parts: readonly string[]): string => (parts.length === 0 ? '' : `with ${parts.join(', ')} `);

function writeOne(block: Block, index: number, scope: PlanScope): { readonly with: readonly string[]; readonly text: string } {
  const rollup = scope.rollups.get(block);
  if (rollup !== undefined) return { with: [], text: writeShifted(writeRollupBlock(rollup, scope), block, scope) };
  const written = isCumulative(block) ? writeCumulative(block, index, scope) : { with: [], text: writeBlock(block, scope) };
  return { ...written, text: writeShifted(written.text, block, scope) };
}

const isCumulative = (block: Block): block is CumulativeBlock => block.cumulative !== undefined && block.ownTime !== undefined;

/** The rows of all blocks under each other, each with null in the columns of the others. */
function unionOf(blocks: readonly string[], scope: PlanScope): string {
  const { plan, writer } = scope;
  const keys = plan.keys.map((_key, index) => keyColumn(index));
  const shown = needsShown(plan) ? [SHOWN] : [];
  return blocks
    .map((text, index) => {
      const columns = plan.blocks.flatMap((block, other) =>
        columnsOf(block.aggregates, plan).map(({ name, type }) =>
          other === index ? name : `${writer.dialect.cast('null', type)} as ${name}`,
        ),
      );
      return `select ${[...keys, ...columns, ...shown].join(', ')} from (${text}) as b${index}`;
    })
    .join(' union all ');
}
