import type { CsvDialect } from './csv-dialect.ts';
import { createCsvParser } from './csv-parser.ts';
import { DEFAULT_LIMITS, type ReadLimits } from './limits.ts';
import type { SourceRow } from './source-row.ts';

const DELIMITERS = [',', ';', '\t', '|'];
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
  const judged = DELIMITERS.map((delimiter) => ({ delimiter, ...judge(sample, { delimiter, quote, escaping }) }));
  const [best, second] = judged.sort((a, b) => b.score - a.score);
  const delimiter = best === undefined || best.columns < 2 ? ',' : best.delimiter;
  return { dialect: { delimiter, quote, escaping }, certain: best === undefined || best.score > (second?.score ?? 0) };
}

interface Judgement {
  readonly columns: number;
  /** The share of rows that have the most frequent number of columns, then that number. */
  readonly score: number;
}

function judge(sample: string, dialect: CsvDialect): Judgement {
  const counts = new Map<number, number>();
  const rows = sampleRows(sample, dialect, DEFAULT_LIMITS).slice(0, SAMPLE_ROWS);
  for (const row of rows) {
    const columns = row.errors === undefined ? Object.keys(row.values).length : 0;
    counts.set(columns, (counts.get(columns) ?? 0) + 1);
  }
  const [columns = 0, frequency = 0] = [...counts].sort((a, b) => b[1] - a[1] || b[0] - a[0])[0] ?? [];
  if (columns < 2) return { columns, score: 0 };
  return { columns, score: frequency / rows.length + columns / 10_000 };
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
