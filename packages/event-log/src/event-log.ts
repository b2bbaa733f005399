import type { LogEvent, NewEvent, Position, Transaction, WorkspaceId, WriteToken, WriteTokenParts } from '@sophia/types';

/** A run of events of one tick, or an empty tick that only moves `completeTo` on. */
export interface MicroBatch {
  readonly events: readonly LogEvent[];
  /** Where to read on after this batch. */
  readonly cursor: Position;
  /** The log's tick number of the batch's end. */
  readonly tick: number;
  /** The tick's own time, ISO 8601 with microseconds; never goes back. */
  readonly at: string;
  /** ISO 8601 with microseconds: everything committed before this instant is at or before the cursor. */
  readonly completeTo: string;
  /** True where the cursor is the end of a tick: only then may `completeTo` be stated. */
  readonly endOfTick: boolean;
}

export interface ReadOptions {
  /** At most so many events; 1,000 unless told. */
  readonly limit?: number | undefined;
  readonly workspace?: WorkspaceId | undefined;
  readonly kinds?: readonly string[] | undefined;
  readonly recordTypes?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ConsumeOptions {
  /** Most events handed over at once; 5,000 unless told. */
  readonly batchSize?: number | undefined;
  /** Where the handler itself keeps its cursor (exactly once): asked at start and after each failure. */
  readonly cursor?: (() => Promise<Position | null>) | undefined;
  /** True where an error concerns the environment (disk, memory, time-out, connection), never the event: retried without end. */
  readonly isEnvironmental?: ((error: unknown) => boolean) | undefined;
  /** Attempts before a failing batch is split; 3 unless told. */
  readonly attempts?: number | undefined;
}

export interface Delivery {
  /** The transaction in which the group's cursor moves: effects in the same database are exactly once. */
  readonly transaction: Transaction;
  readonly signal: AbortSignal;
  /** True while set-aside events are replayed. */
  readonly replay: boolean;
}

export type Handler = (batch: MicroBatch, delivery: Delivery) => Promise<void>;

export interface Subscription {
  readonly group: string;
  /** Ends after the batch in hand. */
  close(): Promise<void>;
}

export interface GroupLag {
  readonly group: string;
  readonly cursor: Position;
  readonly events: number;
  readonly seconds: number;
  readonly setAside: number;
  readonly members: number;
}

export interface SetAsideEvent {
  readonly group: string;
  readonly event: LogEvent;
  readonly error: string;
  /** False for a later event of a poison event's key, which only waits behind it. */
  readonly poison: boolean;
  readonly attempts: number;
  readonly at: string;
}

export interface LogHead {
  readonly epoch: string;
  readonly position: Position;
  readonly tick: number;
  readonly at: string;
  readonly completeTo: string;
}

/**
 * The log of committed facts.
 *
 * - E1 `append` joins the caller's transaction: visible exactly if it commits.
 * - E2 `read` gives every committed event after the cursor, none skipped although transactions
 *   commit out of order, none twice; a writer that stays open delays only its own events.
 * - E3 events of one key come in commit order, also when a transaction takes its id first and
 *   touches the key last.
 * - E4 a micro-batch goes to one member of a group at a time; the cursor moves only after the
 *   handler succeeds; a handler may keep the cursor in its own transaction for exactly-once effects.
 * - E5 a failing batch is retried with backoff, then split until the poison event stands alone: it
 *   is set aside with its error and attempts, and the later events of its key behind it; the rest go
 *   on. `replay` hands them over again, in order. Environmental errors are retried without end.
 * - E6 a slow or dead group delays nobody else; lag is known in events and in seconds.
 * - E7 cursors are opaque and survive a change of adapter; one of another epoch is refused with
 *   `cursor_of_another_log`.
 */
export interface EventLog {
  append(transaction: Transaction, events: readonly NewEvent[]): Promise<void>;
  /** The events after the cursor (null: from the beginning), at most one tick's worth or `limit`; waits for none. */
  read(cursor: Position | null, options?: ReadOptions): Promise<MicroBatch>;
  consume(group: string, handler: Handler, options?: ConsumeOptions): Promise<Subscription>;
  setAside(group: string, options?: { limit?: number; after?: Position }): Promise<SetAsideEvent[]>;
  /** Hands the set-aside events to the group again, in order; resolves to how many succeeded and how many stand aside again. */
  replay(group: string): Promise<{ readonly succeeded: number; readonly failed: number }>;
  discard(group: string, position: Position): Promise<void>;
  head(): Promise<LogHead>;
  lag(): Promise<GroupLag[]>;
  /** Says "look now": called after a commit, coalesced, never waits. */
  wake(): void;
  /** Resolves at the next wake-up or tick, or after `milliseconds`. */
  waitForTick(after: number, milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** Whether the snapshot of tick `tick` contains the write. */
  contains(tick: number, write: WriteTokenParts): Promise<boolean>;
  encodeToken(parts: Omit<WriteTokenParts, 'epoch'>): WriteToken;
  /** Throws `invalid_token`, or `cursor_of_another_log` for a token of another epoch. */
  decodeToken(token: string): WriteTokenParts;
  close(): Promise<void>;
}
