import type { TimeGrain } from '@sophia/types';
import type { HiddenCheck } from '../query/compiled-query.ts';
import { MAX_FILLED_CELLS, MAX_PERIODS } from '../query/limits.ts';
import { type Day, formatDay } from '../time/calendar.ts';
import type { StatementWriter } from './statement-writer.ts';

export interface PeriodsRequest {
  /** Names of what is written begin with it. */
  readonly prefix: string;
  readonly grain: TimeGrain;
  readonly first: Day | undefined;
  readonly last: Day | undefined;
  /** SQL over `source` of the first and last period, where they are not known. */
  readonly unknown: { readonly first: string; readonly last: string; readonly source: string };
  /** Relation of the groups that have a cell for each period; undefined for one. */
  readonly groups: string | undefined;
}

export interface WrittenPeriods {
  /** Common table expressions; the last one, `relation`, has the periods in `period`. */
  readonly with: readonly string[];
  readonly relation: string;
  readonly check: WrittenCheck;
  /** `from … where …`, with a row where there are too many cells. */
  readonly overflow: string;
}

/** A check of the answer, and the columns that it needs in each row. */
export interface WrittenCheck {
  readonly columns: readonly string[];
  readonly check: HiddenCheck;
}

/** The periods from the first to the last: none where they would make more cells than may be, which the check tells. */
export function writePeriods({ prefix, grain, first, last, unknown, groups }: PeriodsRequest, writer: StatementWriter): WrittenPeriods {
  const { dialect } = writer;
  const day = (known: Day | undefined, sql: string): string =>
    known === undefined ? sql : dialect.literal(writer.bind(formatDay(known)), 'date');
  const source = first === undefined || last === undefined ? ` from ${unknown.source}` : '';
  const ends = `select ${day(first, unknown.first)} as first_period, ${day(last, unknown.last)} as last_period${source}`;
  const count = dialect.countPeriods('first_period', 'last_period', grain);
  const cells = groups === undefined ? count : `${count} * (select count(*) from ${groups})`;
  const filled = `case when ${count} > ${MAX_PERIODS} then ${MAX_FILLED_CELLS + 1} else ${cells} end`;
  const range = `${prefix}_range`;
  const within = `(select first_period, last_period from ${range} where filled_cells <= ${MAX_FILLED_CELLS}) as within_limit`;
  const relation = `${prefix}_periods`;
  const column = `${prefix}_cells`;
  return {
    with: [
      `${range} as (select first_period, last_period, ${filled} as filled_cells from (${ends}) as range_ends)`,
      `${relation} as (${dialect.periods('period', 'first_period', 'last_period', grain, within, MAX_PERIODS)})`,
    ],
    relation,
    check: {
      columns: [`(select max(filled_cells) from ${range}) as ${column}`],
      check: { kind: 'filled_cells', column, limit: MAX_FILLED_CELLS },
    },
    overflow: `from ${range} where filled_cells > ${MAX_FILLED_CELLS}`,
  };
}
