import { compileDatePattern, type DatePattern } from './date-pattern.ts';
import { distinctTexts } from './distinct-texts.ts';

export interface DateReading {
  readonly pattern: string;
  /** The example as this pattern reads it. */
  readonly reading: string;
}

export type DateDetection =
  /** Most values are no dates. */
  | { readonly kind: 'none' }
  | { readonly kind: 'found'; readonly pattern: string }
  /** The values can be read in two or more ways, or some in one and some in the other. */
  | { readonly kind: 'ambiguous'; readonly example: string; readonly readings: readonly DateReading[] };

const DAYS = [
  'YYYY-M-D',
  'YYYY/M/D',
  'YYYY.M.D',
  'YYYYMMDD',
  'M/D/YYYY',
  'D/M/YYYY',
  'M-D-YYYY',
  'D-M-YYYY',
  'D.M.YYYY',
  'M/D/YY',
  'D/M/YY',
  'M-D-YY',
  'D-M-YY',
  'D.M.YY',
  'YY-M-D',
  'YY/M/D',
  'YY.M.D',
  'D MMM YYYY',
  'D-MMM-YYYY',
  'D-MMM-YY',
  'MMM D, YYYY',
  'D. MMM YYYY',
  'ddd, D MMM YYYY',
  'ddd MMM D YYYY',
];
const TIMES = ['', ' H:mm[:ss[.S]][[ ]Z]', 'TH:mm[:ss[.S]][Z]', ', H:mm[:ss]', ' h:mm[:ss][ ]A', ', h:mm[:ss][ ]A'];

const CANDIDATES: readonly DatePattern[] = ['iso', ...TIMES.flatMap((time) => DAYS.map((day) => `${day}${time}`))]
  .map(compileDatePattern)
  .filter((pattern) => pattern !== undefined);

/**
 * Finds the one pattern that reads a column's values (all that are not empty). `M/D/YYYY` and `D/M/YYYY` are told apart
 * by a day above 12; without one, or with one for each, the column is ambiguous. `D.M.YY` and `YY.M.D` are told apart by a
 * day above 31, or by values of most days of the calendar. Values that no pattern reads are left to be rejected row by
 * row, as long as they are fewer than half.
 */
export function detectDates(values: Iterable<string>): DateDetection {
  const texts = distinctTexts(values);
  const counted = CANDIDATES.map((pattern) => ({ pattern, count: countRead(pattern, texts) })).sort((a, b) => b.count - a.count);
  const [best, ...others] = counted;
  if (best === undefined || best.count === 0 || best.count < texts.length / 2) return { kind: 'none' };
  const contests = others.flatMap(({ pattern, count }) => {
    const example = count === 0 ? undefined : findContested(best.pattern, pattern, count === best.count, texts);
    return example === undefined ? [] : [{ pattern, example }];
  });
  const [first] = contests;
  if (first === undefined) return { kind: 'found', pattern: best.pattern.pattern };
  const contested = [best.pattern, ...contests.map(({ pattern }) => pattern)];
  const likely = findCalendar(contested, texts);
  if (likely !== undefined) return { kind: 'found', pattern: likely.pattern };
  const readings = contested.flatMap((pattern) => {
    const reading = pattern.read(first.example);
    return reading === undefined ? [] : [{ pattern: pattern.pattern, reading }];
  });
  return { kind: 'ambiguous', example: first.example, readings };
}

/** A pattern that reads none of the first values is not tried on the others. */
function countRead(pattern: DatePattern, texts: readonly string[]): number {
  let count = 0;
  for (const [index, text] of texts.entries()) {
    if (pattern.read(text) !== undefined) count += 1;
    else if (index === 100 && count === 0) return 0;
  }
  return count;
}

/**
 * A text that both patterns read differently, where nothing speaks for the first: the rival reads as many, or reads some
 * that the first does not. The same reading by both is no contest.
 */
function findContested(best: DatePattern, rival: DatePattern, reaches: boolean, texts: readonly string[]): string | undefined {
  const read = texts.map((text) => ({ text, first: best.read(text), second: rival.read(text) }));
  if (!reaches && !read.some(({ first, second }) => first === undefined && second !== undefined)) return undefined;
  const both = read.filter(({ first, second }) => first !== undefined && second !== undefined);
  return (both.find(({ first, second }) => first !== second) ?? (swapsDayAndMonth(best, rival) ? both[0] : undefined))?.text;
}

/** Day and month the other way round: all values may be alike so far (1/1/2017), the next will not be. */
const swapsDayAndMonth = (a: DatePattern, b: DatePattern): boolean => /^M.D/.test(a.pattern) !== /^M.D/.test(b.pattern);

/**
 * The pattern by which the values are days of all sorts in few years, where another makes few days in as many years of
 * them. A series of the same days year after year is none: by the time that it has a year for each day up to the 31st, it
 * has some that the calendar lacks, as the 31st of a shorter month. Undefined where some values are read by one alone.
 */
function findCalendar(patterns: readonly DatePattern[], texts: readonly string[]): DatePattern | undefined {
  const read = texts.map((text) => patterns.map((pattern) => pattern.read(text)));
  if (read.some((readings) => readings.includes(undefined) && readings.some((reading) => reading !== undefined))) return undefined;
  return patterns.find((_, place) => isCalendar(read.flatMap((readings) => readings[place] ?? [])));
}

const MIN_DAYS = 28;
const MIN_MONTHS = 8;
const MAX_YEARS = 10;

function isCalendar(days: readonly string[]): boolean {
  const countOf = (from: number, to: number): number => new Set(days.map((day) => day.slice(from, to))).size;
  const hasLastDay = days.some((day) => day.slice(8, 10) === '31');
  return hasLastDay && countOf(8, 10) >= MIN_DAYS && countOf(5, 7) >= MIN_MONTHS && countOf(0, 4) <= MAX_YEARS;
}
