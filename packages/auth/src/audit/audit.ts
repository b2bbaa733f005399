import type { Call, JsonObject, Transaction } from '@sophia/types';

/** Something that a principal read or did. It names things and never holds their values. */
export interface AuditEntry {
  /** Who, through what, from where, in which request. */
  readonly call: Call;
  /** A verb: `read`, `query`, `export`, `write`, `key.create`. */
  readonly action: string;
  /** What it was about: `record:deal/42`, `metrics:revenue,win_rate`, `key:1a…`. */
  readonly object: string;
  /** `ok` unless told, else the code of the error. */
  readonly result?: string | undefined;
  readonly rows?: number | undefined;
  readonly milliseconds: number;
  /** What an administrator needs to understand it: the role of a new key, the version of a policy. */
  readonly details?: JsonObject | undefined;
}

/** An entry as it is kept. */
export interface AuditRecord {
  readonly id: string;
  /** ISO 8601 with microseconds. */
  readonly at: string;
  readonly principal: string;
  readonly on_behalf_of: string | null;
  readonly via: string;
  readonly action: string;
  readonly object: string;
  readonly result: string;
  readonly rows: number;
  /** Of all occurrences together. */
  readonly milliseconds: number;
  /** How often it happened: identical reads within a moment are kept as one. */
  readonly times: number;
  readonly address: string | null;
  readonly request: string | null;
  readonly details: JsonObject | null;
}

export interface AuditFilter {
  readonly principal?: string | undefined;
  readonly action?: string | undefined;
  readonly object?: string | undefined;
  readonly result?: string | undefined;
  /** Instants, half-open. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

export interface AuditPage {
  readonly entries: readonly AuditRecord[];
  /** Where to read on; null at the end of a listing. A page may have few entries or none before it: it looks at so many. */
  readonly cursor: string | null;
}

/**
 * Who read and did what.
 *
 * - A1 what `record` is given is there exactly if its transaction commits; what `write` is given,
 *   when it resolves.
 * - A2 reads are written within 100 ms, many at once; while the buffer is full they wait, then fail
 *   with `overloaded`, so that nothing is read unseen for long.
 * - A3 `list` gives each entry at most once over its pages, newest first; `follow` gives every entry
 *   after its cursor exactly once, although transactions commit out of order.
 * - A4 only administrators list, and each listing is an entry.
 */
export interface Audit {
  /** Writes, exports and administration: entries of the caller's own transaction. */
  record(transaction: Transaction, entries: readonly AuditEntry[]): Promise<void>;
  /** Denials and whatever has no transaction of its own; resolves when it is durable. */
  write(entry: AuditEntry): Promise<void>;
  /**
   * Reads. Undefined where the entry found room, which is nearly always: wait only for a promise.
   * It rejects with `overloaded` when no room came within a second.
   */
  read(entry: AuditEntry): Promise<void> | undefined;
  /** The same without waiting: false where there is no room, and then the entry is not kept. */
  tryRead(entry: AuditEntry): boolean;
  list(
    call: Call,
    options?: AuditFilter & { readonly limit?: number | undefined; readonly cursor?: string | undefined },
  ): Promise<AuditPage>;
  /** Entries after the cursor in the order of their commits; from the oldest kept, without one. */
  follow(call: Call, options?: { readonly limit?: number | undefined; readonly cursor?: string | undefined }): Promise<AuditPage>;
  /** Writes what is waiting. */
  flush(): Promise<void>;
  close(): Promise<void>;
}
