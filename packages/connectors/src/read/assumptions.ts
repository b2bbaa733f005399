import type { Encoding } from '../bytes/detect-encoding.ts';
import type { CsvDialect } from './csv-dialect.ts';
import type { HeaderDetection } from './detect-header.ts';

interface Findings {
  readonly encoding: Encoding;
  readonly dialect?: CsvDialect | undefined;
  readonly header?: HeaderDetection | undefined;
  /** What of the dialect the source leaves in doubt. */
  readonly guessed?: readonly (keyof CsvDialect)[] | undefined;
}

/** What was assumed where the source does not tell for sure, each with the way to set it. */
export function assumptionsOf({ encoding, dialect, header, guessed = [] }: Findings): readonly string[] {
  const assumptions: string[] = [];
  if (!encoding.certain) {
    const others = encoding.alternatives.length === 0 ? '' : ` (or ${encoding.alternatives.join(', ')})`;
    assumptions.push(`The encoding looks like ${encoding.name}${others}; set encoding if letters come out wrong.`);
  }
  if (dialect !== undefined) assumptions.push(...guessed.map((part) => SENTENCES[part](dialect)));
  if (header !== undefined && !header.certain) {
    assumptions.push(`The first row ${header.present ? 'looks like the names of the columns' : 'looks like data'}; set header if not.`);
  }
  return assumptions;
}

/** A file may have thousands of columns. */
const MAX_NAMED = 5;

/** What was made of NaN where columns of a Parquet file hold it. */
export function nanAssumptions(columns: readonly string[]): readonly string[] {
  if (columns.length === 0) return [];
  const more = columns.length - MAX_NAMED;
  const named = `${columns.slice(0, MAX_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  return [`NaN in ${named} was taken for no value; write such numbers as text if their rows are to be rejected.`];
}

const SENTENCES: Readonly<Record<keyof CsvDialect, (dialect: CsvDialect) => string>> = {
  delimiter: ({ delimiter }) => `Cells look separated by ${JSON.stringify(delimiter)}; set delimiter if not.`,
  quote: ({ quote }) => `Cells look enclosed in ${quote}; set quote if these belong to the values.`,
  escaping: ({ quote }) => `A quote within a cell looks written as \\${quote}; set escaping if backslashes belong to the values.`,
};
