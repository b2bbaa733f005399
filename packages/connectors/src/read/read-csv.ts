import { SophiaError } from '@sophia/shared';
import type { CsvDialect } from './csv-dialect.ts';
import { type CsvParser, createCsvParser } from './csv-parser.ts';
import { detectDialect, sampleRows } from './detect-dialect.ts';
import { columnNames, detectHeader, type HeaderDetection } from './detect-header.ts';
import type { ReadLimits } from './limits.ts';
import type { SourceRow } from './source-row.ts';
import { type TextBlock, textBlocks } from './text-blocks.ts';

export interface CsvOptions extends Partial<CsvDialect> {
  /** Whether the first row names the columns; found out unless told. */
  readonly header?: boolean | undefined;
  /** Columns that the source should have: a first row that has them all names the columns. */
  readonly expected?: readonly string[] | undefined;
}

export interface CsvTable {
  readonly columns: readonly string[];
  readonly dialect: CsvDialect;
  /** Undefined where no row could be looked at. */
  readonly header: HeaderDetection | undefined;
  /** What of the dialect the sample leaves in doubt. */
  readonly guessed: readonly (keyof CsvDialect)[];
  readonly rows: AsyncIterable<readonly SourceRow[]>;
}

/** What Excel writes before a table to name its delimiter. */
const EXCEL_HINT = /^sep=(.)\r?\n/;

/**
 * Reads a table: dialect and header from the sample (whole lines from the beginning of the same source), then its rows,
 * a block at a time. Errors: `too_many_columns`.
 */
export function readCsv(bytes: AsyncIterable<Buffer>, sample: string, options: CsvOptions, limits: ReadLimits): CsvTable {
  const hint = EXCEL_HINT.exec(sample);
  const hintLines = hint === null ? 0 : 1;
  const table = sample.slice(hint?.[0].length ?? 0);
  const { dialect, guessed } = detectDialect(table, { ...(hint?.[1] === undefined ? {} : { delimiter: hint[1] }), ...options });
  const rows = sampleRows(table, dialect, limits).filter((row) => row.errors === undefined);
  const cells = rows.map((row) => Object.values(row.values).map(String));
  const header = options.header === undefined ? detectHeader(cells, options.expected) : { present: options.header, certain: true };
  const isNamed = header?.present === true;
  const first = cells[0] ?? [];
  if (first.length > limits.columns) {
    const found = `with the delimiter ${JSON.stringify(dialect.delimiter)}`;
    throw new SophiaError('too_many_columns', `The first row has more than ${limits.columns} columns ${found}.`);
  }
  const parser = createCsvParser(dialect, limits);
  if (rows.length > 0) parser.expectColumns(first.length);
  const headerLine = isNamed && rows[0] !== undefined ? rows[0].line + hintLines : 0;
  return {
    columns: columnNames(isNamed ? first : first.map(() => '')),
    dialect,
    header,
    guessed,
    rows: parse(textBlocks(bytes, limits), parser, Math.max(hintLines, headerLine), hintLines),
  };
}

/** Hint and header are no data; what is broken before the header is still reported. */
async function* parse(
  blocks: AsyncIterable<TextBlock>,
  parser: CsvParser,
  headerLine: number,
  hintLines: number,
): AsyncGenerator<readonly SourceRow[]> {
  const isData = (row: SourceRow): boolean => row.line !== headerLine && row.line > hintLines;
  for await (const block of blocks) {
    for (const rows of parser.push(block)) {
      const data = rows.filter(isData);
      if (data.length > 0) yield data;
    }
  }
}
