import type { Block } from '../query/query-plan.ts';
import { columnsOf, keyColumn } from './aggregate-columns.ts';
import { isCumulative } from './cumulative-block.ts';
import { mergeRows } from './merge-rows.ts';
import { blockRows, sharesPeriods } from './shared-periods.ts';
import { type PlanScope, writeBlock } from './write-block.ts';
import { writeCumulative } from './write-cumulative.ts';
import { writeFill } from './write-fill.ts';
import type { WrittenCheck, WrittenPeriods } from './write-periods.ts';
import { writeRollupBlock } from './write-rollup-block.ts';
import { needsShown, SHOWN, writeShifted } from './write-shifted.ts';

export interface WrittenCells {
  /** `with …` and a space, or nothing. */
  readonly with: string;
  /** Relation with the keys and every aggregate's columns: one row for each cell. */
  readonly from: string;
  /** Which of its rows the answer has; undefined: all. */
  readonly where: string | undefined;
  readonly checks: readonly WrittenCheck[];
}

interface WrittenBlock {
  /** Common table expressions that other blocks read, too. */
  readonly rows: readonly string[];
  readonly with: readonly string[];
  readonly text: string;
  readonly periods?: WrittenPeriods;
}

/** The blocks' rows brought together by their keys: null is a value like others. */
export function writeCells(scope: PlanScope): WrittenCells {
  const { plan } = scope;
  const written = plan.blocks.map((block, index) => writeOne(block, index, scope));
  const parts = [...written.flatMap((each) => each.rows), ...written.flatMap((each) => each.with)];
  const periods = written.flatMap((each) => each.periods ?? []);
  const texts = written.map(({ text }) => text);
  const [only = ''] = texts;
  const cells = [
    texts.length === 1 ? only : mergeRows(unionOf(texts, scope), scope),
    ...periods.map(({ overflow }) => blankRow(overflow, scope)),
  ];
  const where = needsShown(plan) ? `${SHOWN} = 1` : undefined;
  const checks = periods.map(({ check }) => check);
  const all = cells.join(' union all ');
  if (plan.fill === undefined) return { with: withClause(parts), from: `(${all}) as cells`, where, checks };
  const filled = writeFill(plan.fill, scope);
  return {
    with: withClause([...parts, `cells as (${all})`, ...filled.with]),
    from: filled.from,
    where,
    checks: [...checks, filled.check],
  };
}

const withClause = (parts: readonly string[]): string => (parts.length === 0 ? '' : `with ${parts.join(', ')} `);

function writeOne(block: Block, index: number, scope: PlanScope): WrittenBlock {
  if (isCumulative(block)) {
    const written = writeCumulative(block, index, scope);
    return { ...written, text: writeShifted(written.text, block, scope) };
  }
  const rollup = scope.rollups.get(block);
  const text = writeShifted(rollup === undefined ? writeBlock(block, scope) : writeRollupBlock(rollup, scope), block, scope);
  if (!sharesPeriods(scope.plan)) return { rows: [], with: [], text };
  return { rows: [`${blockRows(index)} as (${text})`], with: [], text: `select * from ${blockRows(index)}` };
}

/** A row of nothing where there are too many cells: checks are told in rows. */
function blankRow(overflow: string, { plan, writer: { dialect } }: PlanScope): string {
  const keys = plan.keys.map(({ type }) => dialect.cast('null', type));
  const columns = plan.blocks.flatMap((block) => columnsOf(block.aggregates, plan)).map(({ type }) => dialect.cast('null', type));
  return `select ${[...keys, ...columns, ...(needsShown(plan) ? ['1'] : [])].join(', ')} ${overflow}`;
}

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
