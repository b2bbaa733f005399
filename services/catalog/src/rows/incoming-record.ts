import type { BusinessPriority, NaturalKey, RowError } from '@sophia/types';

/** A row that passed its type: ready to be written. */
export interface IncomingRecord extends NaturalKey {
  /** `naturalKeyText` of it. */
  readonly key: string;
  /** Line of its source, or index from 1: names the row in reports, and as the cause of its event. */
  readonly line: number;
  /** Canonical JSON; `{}` for a deletion. */
  readonly data: string;
  /** Null for a deletion. */
  readonly content_hash: string | null;
  /** JSON text. */
  readonly original: string | null;
  readonly business_priority: BusinessPriority | null;
  readonly occurred_at: string | null;
  readonly source_version: string | null;
  /** See `sourceOrder`. */
  readonly source_order: bigint | null;
  readonly stream_version: number | null;
  /** Revision of the type that it was judged by; null for what is of no type's judgement, as a deletion by id. */
  readonly revision: number | null;
  /** Of a row whose writer does not see all that its record may have. */
  readonly unseen?: UnseenPart | undefined;
}

/** What a row leaves to its record, and how it is rejected where that does not do. */
export interface UnseenPart {
  /** Errors that the row has unless the record has a value for what it lacks: fields that are required, and masked for its writer. */
  readonly lacking: readonly RowError[];
  reject(errors: RejectedRow['errors']): RejectedRow;
}

/** A row that did not pass, with all that is needed to repair and replay it. */
export interface RejectedRow {
  /** `naturalKeyText` of it, as far as it has one: the same that it will have when it is accepted. */
  readonly key: string;
  readonly line: number;
  readonly record_type: string;
  readonly source_system: string;
  readonly source_id: string | null;
  readonly errors: readonly [RowError, ...RowError[]];
  /** JSON text of the row as it came, without its line. */
  readonly payload: string;
  /** Fields that hold a raw value, which the row's mapping could not read. */
  readonly unread: readonly string[];
  /** Version of the stream that it came in. */
  readonly stream_version: number | null;
  /** Revision of the type that it was judged by. */
  readonly revision: number;
}

export type PreparedRow =
  | { readonly record: IncomingRecord; readonly rejected?: undefined }
  | { readonly record?: undefined; readonly rejected: RejectedRow };

/** The natural key within one workspace as one text: for maps, and for routing rows to lanes. */
export const naturalKeyText = ({ record_type, source_system, source_id }: NaturalKey): string =>
  `${record_type}\u0000${source_system}\u0000${source_id}`;
