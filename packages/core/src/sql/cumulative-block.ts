import type { Block, Cumulative } from '../query/query-plan.ts';

/** A block of which each period has what came before it, too. */
export interface CumulativeBlock extends Block {
  readonly ownTime: number;
  readonly cumulative: Cumulative;
}

export const isCumulative = (block: Block): block is CumulativeBlock => block.cumulative !== undefined && block.ownTime !== undefined;
