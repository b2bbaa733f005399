import type { SourceFormat } from './detect-format.ts';
import type { ReadLimits } from './limits.ts';
import type { CsvOptions } from './read-csv.ts';

type Unset<Options> = { readonly [Key in keyof Options]?: Options[Key] | undefined };

/** What is set is not found out. */
export interface OpenOptions extends Unset<CsvOptions> {
  readonly format?: SourceFormat | undefined;
  readonly encoding?: string | undefined;
  readonly limits?: Partial<ReadLimits> | undefined;
  /** How many rows `sample` holds: 10,000 unless told; 0 for a stream whose rows should go on as they come. */
  readonly sampleRows?: number | undefined;
  /** Where a Parquet stream is kept while it is read, and at most how much of it (4 GiB unless told). */
  readonly spool?: { readonly directory: string; readonly maxBytes?: number | undefined } | undefined;
}
