import type { IncomingRow, JsonValue, RowError } from '@sophia/types';

/** What rows are, and whose. */
export interface ImportTarget {
  readonly recordType: string;
  readonly sourceSystem: string;
}

/** A row on its way into the catalog, with what its source and mapping know of it. */
export interface ImportRow extends IncomingRow {
  /** Names of the rules that repaired this row, once for each value repaired. */
  readonly repairs?: readonly string[] | undefined;
  /** Version of the stream that the row came in (Singer). */
  readonly streamVersion?: number | undefined;
  /** Why the row is rejected as it is: it could not be read, or not mapped. */
  readonly errors?: readonly RowError[] | undefined;
}

/** What comes out of a source, in its order: what the catalog's imports take in. */
export type ImportItem =
  | { readonly kind: 'rows'; readonly target: ImportTarget; readonly rows: readonly ImportRow[]; readonly bytesRead?: number | undefined }
  /** The source's own bookmark: may be kept when everything before it is committed. */
  | { readonly kind: 'state'; readonly state: JsonValue }
  /** From here on the target's rows of other versions of the stream are to be deleted. */
  | { readonly kind: 'activate_version'; readonly target: ImportTarget; readonly version: number };
