import type { Encoding } from '../bytes/detect-encoding.ts';
import type { CsvDialect } from './csv-dialect.ts';
import type { HeaderDetection } from './detect-header.ts';

interface Findings {
  readonly encoding: Encoding;
  readonly dialect?: CsvDialect | undefined;
  readonly header?: HeaderDetection | undefined;
  readonly delimiterCertain?: boolean | undefined;
}

/** What was assumed where the source does not tell for sure, each with the way to set it. */
export function assumptionsOf({ encoding, dialect, header, delimiterCertain }: Findings): readonly string[] {
  const assumptions: string[] = [];
  if (!encoding.certain) {
    const others = encoding.alternatives.length === 0 ? '' : ` (or ${encoding.alternatives.join(', ')})`;
    assumptions.push(`The encoding looks like ${encoding.name}${others}; set encoding if letters come out wrong.`);
  }
  if (dialect !== undefined && delimiterCertain === false) {
    assumptions.push(`Cells look separated by ${JSON.stringify(dialect.delimiter)}; set delimiter if not.`);
  }
  if (header !== undefined && !header.certain) {
    assumptions.push(`The first row ${header.present ? 'looks like the names of the columns' : 'looks like data'}; set header if not.`);
  }
  return assumptions;
}
