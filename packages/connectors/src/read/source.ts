import type { Compression } from '../bytes/decompress.ts';
import type { Encoding } from '../bytes/detect-encoding.ts';
import type { ReadProgress } from '../bytes/source-input.ts';
import type { CsvDialect } from './csv-dialect.ts';
import type { SourceFormat } from './detect-format.ts';
import type { HeaderDetection } from './detect-header.ts';
import type { SourceRow } from './source-row.ts';

/** What was found out about a source, or set. */
export interface SourceDescription {
  readonly format: SourceFormat;
  readonly compression: Compression;
  /** Of texts. */
  readonly encoding?: Encoding | undefined;
  /** Of tables written as text. */
  readonly dialect?: CsvDialect | undefined;
  /** Of those that have a row. */
  readonly header?: HeaderDetection | undefined;
  /** What was assumed and could be otherwise, each a sentence that says how to set it. */
  readonly assumptions: readonly string[];
}

/** A source that is open: its rows can be taken once, and it must be closed. */
export interface Source {
  readonly name: string | undefined;
  readonly description: SourceDescription;
  /** Names of the cells, for tables; undefined where rows are objects. */
  readonly columns: readonly string[] | undefined;
  /** The first rows, at most `SAMPLE_ROWS`; they come again in `rows`. */
  readonly sample: readonly SourceRow[];
  /** Rows in their order, some at a time; the next ones are read when they are asked for. */
  readonly rows: AsyncIterable<readonly SourceRow[]>;
  progress(): ReadProgress;
  close(): Promise<void>;
}
