import type { ImportItem, ImportTarget as WriteTarget } from '@sophia/connectors';
import type {
  Actor,
  Call,
  CatalogRecord,
  EventKind,
  Filter,
  IncomingRow,
  JsonObject,
  JsonValue,
  LogEvent,
  Position,
  RecordId,
  RecordTypeDefinition,
  RowError,
  WriteAnswer,
  WriteCounts,
} from '@sophia/types';

export type { ImportItem, ImportRow, ImportTarget as WriteTarget } from '@sophia/connectors';
export type { Call } from '@sophia/types';

/** An `Idempotency-Key` with its route; it holds for the call's principal and workspace, 24 hours. */
export interface IdempotencyKey {
  readonly route: string;
  readonly key: string;
}

export interface WriteOptions {
  readonly idempotency?: IdempotencyKey | undefined;
  /** The proposal that was approved, kept as the cause of the events. */
  readonly proposal?: string | undefined;
}

/** The answer to one record's write. A rejected row is no answer but the error `row_rejected`. */
export interface RecordWriteAnswer extends WriteAnswer {
  /** Null where a deletion found no record. */
  readonly id: RecordId | null;
  readonly version: number | null;
}

export interface ReadOptions {
  /** A write's token: the answer contains that write, and is judged by the types and the caller's user record that it left. */
  readonly after?: string | undefined;
}

export interface ListOptions extends ReadOptions {
  readonly sourceSystem?: string | undefined;
  readonly sourceId?: string | undefined;
  /** Over the type's fields and `id`, `source_system`, `source_id`, `version`, `occurred_at`, `created_at`, `updated_at`, `business_priority`. Masked fields are null to it. */
  readonly filter?: Filter | undefined;
  /** Deleted records: `exclude` unless told. */
  readonly deleted?: 'exclude' | 'include' | 'only' | undefined;
  /** 1 to 1,000; 100 unless told. */
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Null at the end. A page may be shorter than its limit, even empty, before the end. */
  readonly nextCursor: string | null;
}

export interface PageOptions {
  /** 1 to 1,000; 100 unless told. */
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

/** One change of a record, newest last. */
export interface RecordVersion {
  readonly version: number;
  readonly kind: EventKind;
  /** When it was committed, ISO 8601. */
  readonly at: string;
  readonly occurred_at: string | null;
  readonly source_version: string | null;
  readonly actor: Actor;
  readonly cause: LogEvent['cause'];
  readonly data: JsonObject | null;
  readonly previous: JsonObject | null;
  readonly original: JsonObject | null;
}

/**
 * Records, one at a time or some. Errors of all: `forbidden`, `unknown_record_type`; of writes also
 * `overloaded` (the queue is full), `deadline_exceeded`, `idempotency_key_reused`,
 * `request_in_progress`.
 */
export interface Records {
  /**
   * Creates, changes, or (where `row.deleted`) deletes one record, grouped with the writes that wait
   * at the same moment into one durable transaction. What the record masks for the caller it keeps where the row gives no value
   * for it, as in all writes of whole rows. Errors: `row_rejected`, with the row's errors in
   * the details; the row is kept in the dead letters.
   */
  upsert(call: Call, target: WriteTarget, row: IncomingRow, options?: WriteOptions): Promise<RecordWriteAnswer>;
  /**
   * Writes up to 2,500 rows in one transaction; more are for `imports`. Rejected rows do not hold the
   * others up: they are counted, answered (at most 100) and kept in the dead letters.
   */
  upsertMany(call: Call, target: WriteTarget, rows: readonly IncomingRow[], options?: WriteOptions): Promise<WriteAnswer>;
  /**
   * Sets the given fields of the record's current state, under its lock; null clears a field. Members of `extra` are set and
   * cleared one by one, and `extra: null` clears all of them. Errors: `not_found`, `row_rejected`, `not_a_field` for what is
   * a record's own (its key, its version, whether it is deleted), `version_conflict` where `ifVersion` is not the current one.
   */
  patch(
    call: Call,
    recordType: string,
    id: RecordId,
    fields: JsonObject,
    options?: WriteOptions & { readonly ifVersion?: number | undefined },
  ): Promise<RecordWriteAnswer>;
  /** Deletes by id. Errors: `not_found` (also for a record deleted before), `version_conflict`. */
  delete(
    call: Call,
    recordType: string,
    id: RecordId,
    options?: WriteOptions & { readonly ifVersion?: number | undefined },
  ): Promise<RecordWriteAnswer>;
  /** Blanks one record's data in record, history, dead letters and kept answers, for good; administrators only, audited with its reason. */
  erase(call: Call, recordType: string, id: RecordId, reason: string): Promise<{ readonly token: string }>;
  /** Errors: `not_found`, also for a deleted record and one that the principal may not see. */
  get(call: Call, recordType: string, id: RecordId, options?: ReadOptions): Promise<CatalogRecord>;
  getByKey(call: Call, target: WriteTarget, sourceId: string, options?: ReadOptions): Promise<CatalogRecord>;
  /** Ordered by source system and source id. Errors: `invalid_filter`, `invalid_cursor`. */
  list(call: Call, recordType: string, options?: ListOptions): Promise<Page<CatalogRecord>>;
  /** Every version from the log, oldest first, also of a deleted record. */
  history(call: Call, recordType: string, id: RecordId, options?: ReadOptions & PageOptions): Promise<Page<RecordVersion>>;
}

export interface RecordTypes {
  /** Built-in types and the workspace's own, by name, with the fields that the workspace added. */
  list(call: Call): Promise<readonly RecordTypeDefinition[]>;
  /** Errors: `unknown_record_type`. */
  get(call: Call, name: string): Promise<RecordTypeDefinition>;
  /**
   * Defines or alters a type by JSON Schema (draft 2020-12); the event `record_type.changed` carries
   * the whole definition. Of a built-in type fields can be added, its own stay. Fields that an altered
   * type leaves out are no longer taken; their old values stay in the history. Errors:
   * `invalid_record_type` with each problem's path.
   */
  define(call: Call, name: string, schema: unknown): Promise<{ readonly definition: RecordTypeDefinition; readonly token: string }>;
  /**
   * As `define`, for sources that share a type: no field is dropped, and one that is there with another type takes the more
   * general of both (integer, number, text; a date or timestamp, text; else JSON). Errors: as `define`.
   */
  extend: RecordTypes['define'];
}

export interface ImportOptions {
  /** What is imported, for people: a file's name, a tap's. */
  readonly name: string;
  readonly kind: 'file' | 'http' | 'singer' | 'sync';
  /** Source system named by the `sync.finished` event; that of the rows unless told. */
  readonly sourceSystem?: string | undefined;
  /** Goes on with this import, skipping what is committed. Errors: `not_found`, `import_running`, `import_source_changed`. */
  readonly resume?: string | undefined;
  /** Names the import: the same key again skips what is committed, or gives the finished report. Another stream: `idempotency_key_reused`; still running: `request_in_progress`. */
  readonly idempotency?: IdempotencyKey | undefined;
  /** Bytes of the whole input, where known: for the time left. */
  readonly bytesTotal?: number | undefined;
  /** Kept with the import, for whoever resumes it: mapping, path, tap. */
  readonly parameters?: JsonObject | undefined;
  /** What was assumed of the source and could be otherwise, each a sentence that says how to set it. */
  readonly assumed?: readonly string[] | undefined;
  /** Called at most every 250 ms, and at the end. */
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined;
  /** Called with each state whose rows before it are all committed, in order; the last one is also kept. */
  readonly onState?: ((state: JsonValue) => void) | undefined;
}

export type ImportState = 'running' | 'interrupted' | 'finished' | 'failed';

export interface ImportProgress extends WriteCounts {
  readonly read: number;
  readonly rows_per_second: number;
  /** Null while it cannot be told. */
  readonly seconds_left: number | null;
}

/** `read` = created + updated + unchanged + rejected. */
export interface ImportReport extends WriteCounts {
  readonly id: string;
  readonly name: string;
  readonly kind: ImportOptions['kind'];
  readonly state: ImportState;
  readonly read: number;
  /** How often each rule repaired a value. */
  readonly repairs: Readonly<Record<string, number>>;
  /** The first 100 rejected rows; all of them are in the dead letters of this import. */
  readonly errors: readonly RowError[];
  /** Rows deleted because their stream's version was replaced. */
  readonly deleted_by_version: number;
  /** The last state whose rows before it are all committed. */
  readonly last_state: JsonValue | null;
  readonly started_at: string;
  readonly updated_at: string;
  readonly finished_at: string | null;
  readonly seconds: number;
  readonly rows_per_second: number;
  readonly seconds_left: number | null;
  /** Why it failed or was interrupted; of a defect the logs tell more. For who sees no `parameters`, by its code alone. */
  readonly failure: { readonly code: string; readonly message: string } | null;
  /** Empty, as `last_state` is null, for who may neither write records nor administer. */
  readonly parameters: JsonObject;
  /** What was assumed of the source and could be otherwise, each a sentence that says how to set it. */
  readonly assumed: readonly string[];
  readonly principal: string;
  /** Token of the last commit; null before it. */
  readonly token: string | null;
}

export interface RunningImport {
  readonly id: string;
  /** Whether it goes on with an import that was interrupted, or repeats one that is finished. */
  readonly origin: 'new' | 'resumed' | 'repeated';
  /** The state to go on from, where the source can (Singer). */
  readonly lastState: JsonValue | null;
  /** The final report, when all rows are committed. Rejects with what stopped the import; what was committed stays and can be resumed. */
  readonly finished: Promise<ImportReport>;
}

/**
 * Streams of any length. Rows are validated as they come, and written in chunks over two
 * connections; each chunk commits the import's progress with it, so that after a crash nothing is
 * lost or done twice. Memory is bounded: the stream is read only as fast as it is written.
 */
export interface Imports {
  /**
   * A place among the imports that the principal may have at once in this process: taken before anything is read, and left
   * when that is over. Errors: `forbidden`, `too_many_imports`.
   */
  permit(call: Call): Promise<ImportPlace>;
  /**
   * Starts, resumes or repeats an import of `items`, in a place that it takes unless it is given one, and leaves. A repeated
   * one reads its items to their end, as they must be those of before; one that does not begin closes them unread. Errors:
   * those of `permit`, of the options, `overloaded`.
   */
  start(call: Call, options: ImportOptions, items: AsyncIterable<ImportItem>, place?: ImportPlace): Promise<RunningImport>;
  /** Errors: `forbidden` for who neither reads nor writes records of any type nor administers, `not_found`. */
  get(call: Call, id: string): Promise<ImportReport>;
  /** Newest first. Errors: `forbidden`. */
  list(call: Call, options?: PageOptions & { readonly state?: ImportState | undefined }): Promise<Page<ImportReport>>;
  /**
   * Ends those that run or wait after the chunk in hand, and begins no more: whoever sends one is told `unavailable`, and it can
   * be resumed. The first thing that a process does which stops, as a long import would keep it from its end.
   */
  stop(): void;
}

/** One of the imports that a principal may have at once. */
export interface ImportPlace {
  /** Aborted when imports end: for what is done in the place before one has begun. */
  readonly stopped: AbortSignal;
  /** Further calls do nothing. */
  leave(): void;
}

export type DeadLetterState = 'open' | 'repaired' | 'replayed' | 'discarded' | 'superseded';

/** A rejected row with its reason. */
export interface DeadLetter {
  readonly id: string;
  readonly state: DeadLetterState;
  readonly record_type: string;
  readonly source_system: string;
  readonly import: string | null;
  readonly line: number;
  readonly errors: readonly RowError[];
  /** The row as it came, or as it was last repaired. */
  readonly row: Omit<IncomingRow, 'line'>;
  /** How often it was tried. */
  readonly attempts: number;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface DeadLetterSelection {
  readonly import?: string | undefined;
  readonly recordType?: string | undefined;
  readonly sourceSystem?: string | undefined;
  /** `open` and `repaired` unless told. */
  readonly state?: DeadLetterState | undefined;
  /** A reason's code. */
  readonly code?: string | undefined;
}

export interface DeadLetters {
  /** Oldest first; values of fields that the principal may not see are null. */
  list(call: Call, options?: DeadLetterSelection & PageOptions): Promise<Page<DeadLetter>>;
  get(call: Call, id: string): Promise<DeadLetter>;
  /**
   * Replaces the row by an edited one; it is judged when replayed. Errors: `not_found`, `dead_letter_closed`, `forbidden` where
   * the principal would come to see what it keeps without seeing it. The fields that are `confirmed` are right as they are,
   * although the row's mapping could not read them.
   */
  repair(
    call: Call,
    id: string,
    row: Omit<IncomingRow, 'line'>,
    options?: { readonly confirmed?: readonly string[] | undefined },
  ): Promise<DeadLetter>;
  /**
   * Validates and writes again those chosen (by id, or all that are open or repaired of a selection).
   * Those that succeed are marked, the others stay with their new reasons. One that was not repaired
   * and whose record has changed since it came, or by a later line of its own batch, is stale, where its
   * source gives no order. The counts are those of the rows tried.
   */
  replay(call: Call, chosen: { readonly ids: readonly string[] } | DeadLetterSelection): Promise<WriteAnswer>;
  /** Resolves to how many were discarded. */
  discard(call: Call, ids: readonly string[]): Promise<number>;
}

/** What is known of one source in a workspace. */
export interface SourceStatus {
  readonly source_system: string;
  /** Commit time of its last change, ISO 8601. */
  readonly last_record_at: string | null;
  /** When its last import ended, well or not. */
  readonly last_sync_at: string | null;
  readonly state: 'idle' | 'syncing' | 'failed';
}

export interface EventPage {
  readonly events: readonly LogEvent[];
  /** Where to read on. */
  readonly cursor: Position;
  /** Everything committed before this instant is at or before the cursor. */
  readonly completeTo: string;
  /** Whether the log goes on behind the cursor: a page of few events, or of none, says nothing of that. */
  readonly more: boolean;
}

/** The write side, and reads of single records. Every call that tells of records is judged by the principal's policy, and audited. */
export interface Catalog {
  readonly records: Records;
  readonly recordTypes: RecordTypes;
  readonly imports: Imports;
  readonly deadLetters: DeadLetters;
  /**
   * The workspace's events after the cursor (null: from the beginning): of records that the principal may see, and of none where
   * it reads or writes some or administers.
   */
  events(
    call: Call,
    options?: {
      readonly after?: Position | null | undefined;
      readonly limit?: number | undefined;
      readonly kinds?: readonly EventKind[] | undefined;
      readonly recordTypes?: readonly string[] | undefined;
    },
  ): Promise<EventPage>;
  sources(call: Call): Promise<readonly SourceStatus[]>;
  /** Lets what runs finish: writes that wait are answered, imports stop after the chunk in hand and can be resumed. */
  close(): Promise<void>;
}
