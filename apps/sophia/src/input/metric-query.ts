import type { MetricQuery } from '@sophia/types';
import { CommandError } from '../command-line/command-error.ts';
import { parseDay, parseMoment } from './dates.ts';
import { parseWhere } from './where.ts';

/** Options that describe a metric query, as typed. */
export interface QueryOptions {
  readonly by?: readonly string[] | undefined;
  readonly where?: readonly string[] | undefined;
  readonly having?: readonly string[] | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly compare?: string | undefined;
  readonly order?: readonly string[] | undefined;
  readonly limit?: string | undefined;
  readonly asOf?: string | undefined;
  readonly timeZone?: string | undefined;
  readonly weekStart?: string | undefined;
  /** False for `--no-fill`. */
  readonly fill?: boolean | undefined;
}

const PERIODS = ['previous_period', 'previous_year'] as const;
const WEEK_STARTS = ['monday', 'sunday'] as const;

/** The metric query that the options describe; names are checked by whoever answers it. */
export const queryOf = (metrics: readonly string[], options: QueryOptions, now: number): MetricQuery => {
  const { by, where, having, from, to, compare, order, limit, asOf, timeZone, weekStart, fill } = options;
  const range = {
    ...(from === undefined ? {} : { from: parseDay(from, '--from') }),
    ...(to === undefined ? {} : { to: parseDay(to, '--to') }),
  };
  return {
    metrics: listed(metrics),
    ...(by === undefined ? {} : { dimensions: listed(by) }),
    ...(where === undefined ? {} : { filters: where.map(parseWhere) }),
    ...(having === undefined ? {} : { having: having.map(parseWhere) }),
    ...(from === undefined && to === undefined ? {} : { time_range: range }),
    ...(compare === undefined ? {} : { compare: choice(compare, '--compare', PERIODS) }),
    ...(order === undefined ? {} : { order_by: listed(order) }),
    ...(limit === undefined ? {} : { limit: parseCount(limit, '--limit', MOST_ROWS) }),
    ...(asOf === undefined ? {} : { as_of: parseMoment(asOf, '--as-of', now) }),
    ...(timeZone === undefined ? {} : { time_zone: timeZone }),
    ...(weekStart === undefined ? {} : { week_start: choice(weekStart, '--week-start', WEEK_STARTS) }),
    ...(fill === false ? { fill } : {}),
  };
};

/** Rows of one answer. */
const MOST_ROWS = 100_000;

/** Names may also stand behind commas. */
const listed = (names: readonly string[]): string[] => names.flatMap((name) => name.split(',')).filter((name) => name !== '');

/** Errors: `CommandError` where it is none from 1 to `most`, where that is given. */
export const parseCount = (text: string, option: string, most?: number): number => {
  if (/^[1-9]\d{0,8}$/.test(text) && (most === undefined || Number(text) <= most)) return Number(text);
  const end = most === undefined ? '' : ` to ${most.toLocaleString('en-US')}`;
  throw new CommandError('usage', `${option} is ${JSON.stringify(text)}; allowed is a whole number from 1${end}.`);
};

const choice = <Choice extends string>(text: string, option: string, choices: readonly Choice[]): Choice => {
  const found = choices.find((each) => each === text.replaceAll('-', '_'));
  if (found !== undefined) return found;
  throw new CommandError('usage', `${option} is ${JSON.stringify(text)}; allowed is ${choices.join(' or ')}.`);
};
