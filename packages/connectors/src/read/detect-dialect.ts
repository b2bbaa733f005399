import type { CsvDialect } from './csv-dialect.ts';
import { createCsvParser } from './csv-parser.ts';
import { DEFAULT_LIMITS, type ReadLimits } from './limits.ts';
import type { SourceRow } from './source-row.ts';

/** Beside the comma. */
const OTHER_DELIMITERS = [';', '\t', '|'];
const SAMPLE_ROWS = 200;

export interface DialectDetection {
  readonly dialect: CsvDialect;
  /** What of it the sample leaves in doubt. */
  readonly guessed: readonly (keyof CsvDialect)[];
}

/** What is set, and the rest from a sample: the delimiter that cuts most rows into the same number of columns. */
export function detectDialect(sample: string, set: Partial<CsvDialect>): DialectDetection {
  if (set.quote !== undefined) return detectWithin(sample, set.quote, set);
  const double = detectWithin(sample, '"', set);
  const cells = singleQuoted(sample);
  if (cells === 'none') return double;
  const single = detectWithin(sample, "'", set);
  const isBetter = cells === 'lines' ? isAsEven : isMoreEven;
  return isBetter(evenness(sample, single.dialect), evenness(sample, double.dialect))
    ? { ...single, guessed: [...single.guessed, 'quote'] }
    : double;
}

/** Escaping and delimiter of a table in these quotes. */
function detectWithin(sample: string, quote: string, set: Partial<CsvDialect>): DialectDetection {
  const escaping = set.escaping ?? (detectsBackslash(sample, quote) ? 'backslash' : 'double');
  const escapingGuess: DialectDetection['guessed'] = set.escaping === undefined && escaping === 'backslash' ? ['escaping'] : [];
  if (set.delimiter !== undefined) return { dialect: { delimiter: set.delimiter, quote, escaping }, guessed: escapingGuess };
  let best = { delimiter: ',', score: scoreOf(sample, { delimiter: ',', quote, escaping }) };
  let second = 0;
  for (const delimiter of OTHER_DELIMITERS) {
    const score = scoreOf(sample, { delimiter, quote, escaping });
    second = Math.max(second, Math.min(score, best.score));
    if (score > best.score) best = { delimiter, score };
  }
  const isCertain = best.score === 0 || best.score > second;
  return {
    dialect: { delimiter: best.delimiter, quote, escaping },
    guessed: [...(isCertain ? [] : ['delimiter' as const]), ...escapingGuess],
  };
}

/**
 * How well a delimiter fits: the share of rows that have the most frequent number of columns, then that number. Nothing
 * where it parts nothing.
 */
function scoreOf(sample: string, dialect: CsvDialect): number {
  const { counts, rows } = columnCounts(sample, dialect);
  let score = 0;
  for (const [columns, frequency] of counts) {
    if (columns > 1) score = Math.max(score, frequency / rows + columns / 10_000);
  }
  return score;
}

/** The rows that have the most frequent number of columns. */
interface Evenness {
  readonly rows: number;
  /** Of all rows. */
  readonly share: number;
}

function evenness(sample: string, dialect: CsvDialect): Evenness {
  const { counts, rows } = columnCounts(sample, dialect);
  const even = Math.max(0, ...counts.values());
  return { rows: even, share: even / rows };
}

const isAsEven = (table: Evenness, other: Evenness): boolean => table.share >= other.share;

/** Nor is a row lost, as one is that an apostrophe swallows. */
const isMoreEven = (table: Evenness, other: Evenness): boolean => table.share > other.share && table.rows >= other.rows;

interface ColumnCounts {
  /** How many rows have so many columns; broken ones are not among them. */
  readonly counts: ReadonlyMap<number, number>;
  readonly rows: number;
}

function columnCounts(sample: string, dialect: CsvDialect): ColumnCounts {
  const counts = new Map<number, number>();
  const rows = sampleRows(sample, dialect, DEFAULT_LIMITS).slice(0, SAMPLE_ROWS);
  for (const row of rows) {
    if (row.errors !== undefined) continue;
    const columns = Object.keys(row.values).length;
    counts.set(columns, (counts.get(columns) ?? 0) + 1);
  }
  return { counts, rows: rows.length };
}

/** The rows of a sample of whole lines; a row that the sample cuts off within quotes is left out. */
export function sampleRows(sample: string, dialect: CsvDialect, limits: ReadLimits): readonly SourceRow[] {
  return [...createCsvParser(dialect, limits).push({ text: sample, bad: [], last: false })].flat();
}

/**
 * Cells in single quotes: several begin and end with one on their line, and none begins with a double quote. Of `lines` all
 * that begin with one do; of `some` others go on, be it over lines, or because theirs is an apostrophe (`'Twas the night`),
 * which as a quote would swallow rows.
 */
function singleQuoted(sample: string): 'none' | 'some' | 'lines' {
  if (/(^|[,;\t|\n])"/.test(sample)) return 'none';
  const cells = [...sample.matchAll(/(?:^|[,;\t|\n])'((?:[^'\n]|''|\\')*'(?=[,;\t|\r\n]|$))?/g)];
  const closed = cells.filter(([, ended]) => ended !== undefined).length;
  if (closed < 2) return 'none';
  return closed === cells.length ? 'lines' : 'some';
}

/** A quote, which may be any sign, behind a backslash with more text behind it, in a sample that never doubles a quote within text. */
function detectsBackslash(sample: string, quote: string): boolean {
  const sign = quote.replace(/\W/, '\\$&');
  const escaped = sample.includes(`\\${quote}`) && new RegExp(`\\\\${sign}[^,;\\t|\\r\\n]`).test(sample);
  return escaped && !new RegExp(`[^,;\\t|\\n\\\\${sign}]${sign}${sign}[^,;\\t|\\r\\n]`).test(sample);
}
