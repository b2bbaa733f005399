import type { CsvDialect } from './csv-dialect.ts';
import { createCsvParser } from './csv-parser.ts';
import { DEFAULT_LIMITS, type ReadLimits } from './limits.ts';
import type { SourceRow } from './source-row.ts';

/** Beside the comma. */
const OTHER_DELIMITERS = [';', '\t', '|'];
const SAMPLE_ROWS = 200;

export interface DialectDetection {
  readonly dialect: CsvDialect;
  /** Whether the sample leaves no doubt about the delimiter. */
  readonly certain: boolean;
}

/** What is set, and the rest from a sample: the delimiter that cuts most rows into the same number of columns. */
export function detectDialect(sample: string, set: Partial<CsvDialect>): DialectDetection {
  const quote = set.quote ?? detectQuote(sample);
  const escaping = set.escaping ?? (detectsBackslash(sample, quote) ? 'backslash' : 'double');
  if (set.delimiter !== undefined) return { dialect: { delimiter: set.delimiter, quote, escaping }, certain: true };
  let best = { delimiter: ',', score: scoreOf(sample, { delimiter: ',', quote, escaping }) };
  let second = 0;
  for (const delimiter of OTHER_DELIMITERS) {
    const score = scoreOf(sample, { delimiter, quote, escaping });
    second = Math.max(second, Math.min(score, best.score));
    if (score > best.score) best = { delimiter, score };
  }
  return { dialect: { delimiter: best.delimiter, quote, escaping }, certain: best.score === 0 || best.score > second };
}

/**
 * How well a delimiter fits: the share of rows that have the most frequent number of columns, then that number. Nothing
 * where it parts nothing.
 */
function scoreOf(sample: string, dialect: CsvDialect): number {
  const counts = new Map<number, number>();
  const rows = sampleRows(sample, dialect, DEFAULT_LIMITS).slice(0, SAMPLE_ROWS);
  for (const row of rows) {
    const columns = row.errors === undefined ? Object.keys(row.values).length : 0;
    counts.set(columns, (counts.get(columns) ?? 0) + 1);
  }
  let score = 0;
  for (const [columns, frequency] of counts) {
    if (columns > 1) score = Math.max(score, frequency / rows.length + columns / 10_000);
  }
  return score;
}

/** The rows of a sample of whole lines; a row that the sample cuts off within quotes is left out. */
export function sampleRows(sample: string, dialect: CsvDialect, limits: ReadLimits): readonly SourceRow[] {
  return [...createCsvParser(dialect, limits).push({ text: sample, bad: [], last: false })].flat();
}

/** Single quotes only where cells begin and end with them and no double quote does. */
function detectQuote(sample: string): string {
  if (/(^|[,;\t|\n])"/.test(sample)) return '"';
  const singles = sample.match(/(?:^|[,;\t|\n])'[^'\n]*'(?=[,;\t|\r\n])/g)?.length ?? 0;
  return singles > 1 ? "'" : '"';
}

/** A quote behind a backslash with more text behind it, in a sample that never doubles a quote within text. */
function detectsBackslash(sample: string, quote: string): boolean {
  const escaped = sample.includes(`\\${quote}`) && new RegExp(`\\\\${quote}[^,;\\t|\\r\\n]`).test(sample);
  return escaped && !new RegExp(`[^,;\\t|\\n\\\\${quote}]${quote}${quote}[^,;\\t|\\r\\n]`).test(sample);
}
