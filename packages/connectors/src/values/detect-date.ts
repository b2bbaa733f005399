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
  /** The values can be read in two ways, or some in one and some in the other. */
  | { readonly kind: 'ambiguous'; readonly example: string; readonly readings: readonly [DateReading, DateReading] };

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
 * by a day above 12; without one, or with one for each, the column is ambiguous. Values that no pattern reads are left
 * to be rejected row by row, as long as they are fewer than half.
 */
export function detectDates(values: Iterable<string>): DateDetection {
  const texts = distinctTexts(values);
  const counted = CANDIDATES.map((pattern) => ({ pattern, count: countRead(pattern, texts) })).sort((a, b) => b.count - a.count);
  const [best] = counted;
  if (best === undefined || best.count === 0 || best.count < texts.length / 2) return { kind: 'none' };
  for (const rival of counted.slice(1)) {
    if (rival.count === 0) break;
    const ambiguous = contest(best.pattern, rival.pattern, rival.count === best.count, texts);
    if (ambiguous !== undefined) return ambiguous;
  }
  return { kind: 'found', pattern: best.pattern.pattern };
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
function contest(best: DatePattern, rival: DatePattern, reaches: boolean, texts: readonly string[]): DateDetection | undefined {
  const read = texts.map((text) => ({ text, first: best.read(text), second: rival.read(text) }));
  if (!reaches && !read.some(({ first, second }) => first === undefined && second !== undefined)) return undefined;
  const both = read.flatMap(({ text, first, second }) => (first === undefined || second === undefined ? [] : [{ text, first, second }]));
  const example = both.find(({ first, second }) => first !== second) ?? (swapsDayAndMonth(best, rival) ? both[0] : undefined);
  if (example === undefined) return undefined;
  const readings = [
    { pattern: best.pattern, reading: example.first },
    { pattern: rival.pattern, reading: example.second },
  ] as const;
  return { kind: 'ambiguous', example: example.text, readings };
}

/** Day and month the other way round: all values may be alike so far (1/1/2017), the next will not be. */
const swapsDayAndMonth = (a: DatePattern, b: DatePattern): boolean => /^M.D/.test(a.pattern) !== /^M.D/.test(b.pattern);
