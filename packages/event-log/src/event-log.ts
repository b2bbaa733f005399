import type {
  EventFact,
  LogEvent,
  NewEvent,
  Position,
  RecordId,
  Transaction,
  WorkspaceId,
  WriteToken,
  WriteTokenParts,
} from '@sophia/types';

/**
 * The events of one or more consecutive ticks, or of a part of a large one; none where ticks only move
 * `completeTo` on. A batch grows only when work is waiting. Each event has its own tick's `at`.
 */
export interface MicroBatch<Event extends EventFact = LogEvent> {
  readonly events: readonly Event[];
  /** Where to read on after this batch. */
  readonly cursor: Position;
  /** Number of the tick that the batch ends in or with. */
  readonly tick: number;
  /**
   * Tells that tick from one of the same number in another life of the log: of a database that was set back to an older
   * state and went on from there. `stateOf` takes it.
   */
  readonly mark: string;
  /** That tick's time, ISO 8601 with microseconds; each tick's is later than the one before. */
  readonly at: string;
  /** ISO 8601 with microseconds: everything committed before this instant is at or before the cursor. */
  readonly completeTo: string;
  /** True where the cursor is the end of a tick: all of its events were passed. */
  readonly endOfTick: boolean;
}

/** What a read gives. */
export interface ReadBatch extends MicroBatch {
  /**
   * Whether there were events or ticks behind the cursor, up to where the read was to go. A filtered read may give few
   * events or none and have more to read: it looks at so many and answers.
   */
  readonly more: boolean;
}

/** One change of a record, as its history shows it. */
export type RecordChange = Omit<LogEvent, 'position'>;

export interface HistoryPage {
  readonly changes: readonly RecordChange[];
  /** Whether they end before the limit because they are large: the log shows more. */
  readonly isCut: boolean;
}

export interface ReadOptions {
  /** At most so many events; 1,000 unless told. */
  readonly limit?: number | undefined;
  /** Ends with the event that fills so many bytes of values, of those that were looked at; about 8 MB unless told. */
  readonly bytes?: number | undefined;
  /** Reads no further than this place. */
  readonly upTo?: Position | undefined;
  readonly workspace?: WorkspaceId | undefined;
  readonly kinds?: readonly string[] | undefined;
  readonly recordTypes?: readonly string[] | undefined;
  /** Milliseconds of each look into the log; 10,000 unless told. */
  readonly deadline?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface HistoryOptions {
  /** From the first version unless told. */
  readonly afterVersion?: number | undefined;
  /** 1,000 unless told; of large changes there are fewer, one at least. */
  readonly limit?: number | undefined;
  /** Milliseconds; 10,000 unless told. */
  readonly deadline?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ConsumeOptions {
  /**
   * The instance that the member belongs to, where each keeps effects of its own: lower-case letters and digits. It gets
   * every event, whatever other instances do (E8).
   */
  readonly instance?: string | undefined;
  /** Most events handed over at once; 5,000 unless told. Of large ones they are fewer: about 32 MB, or 16. */
  readonly batchSize?: number | undefined;
  /** Where the handler itself keeps its cursor (exactly once): asked at start and after each failure. */
  readonly cursor?: (() => Promise<Position | null>) | undefined;
  /** True where an error concerns the environment (disk, memory, time-out, connection), never the event: retried without end. */
  readonly isEnvironmental?: ((error: unknown) => boolean) | undefined;
  /** Attempts before a failing batch is split, and before a failing event is set aside; 3 unless told. */
  readonly attempts?: number | undefined;
  /** Milliseconds for the handler; 60,000 unless told. Then another member may take the batch. */
  readonly deadline?: number | undefined;
  /** Milliseconds that the database may be silent when it is asked around the handler; 10,000 unless told. */
  readonly silence?: number | undefined;
  /** Upper bound in milliseconds of the wait after a first failure, doubled with each further one up to 5 s; 100 unless told. */
  readonly retryDelay?: number | undefined;
  /**
   * Told after this member set events aside or replayed them, before it hands the next batch over: what is stated of
   * that batch can count them. Called again until it succeeds.
   */
  readonly onSetAside?: (() => Promise<void>) | undefined;
}

export interface Delivery {
  /** The transaction in which the group's cursor moves: effects in the same database are exactly once. */
  readonly transaction: Transaction;
  readonly signal: AbortSignal;
  /** True while set-aside events are handed over again: the cursor stays where the group is, behind them. */
  readonly replay: boolean;
}

export type Handler<Event extends EventFact = LogEvent> = (batch: MicroBatch<Event>, delivery: Delivery) => Promise<void>;

export interface Subscription {
  readonly group: string;
  /** Ends after the batch in hand. */
  close(): Promise<void>;
}

export interface GroupLag {
  readonly group: string;
  /** Null where its members belong to none. */
  readonly instance: string | null;
  readonly cursor: Position;
  /** Events between the cursor and the head; exact up to 10,000, estimated beyond. */
  readonly events: number;
  /** Since the instant up to which the group is complete; below 1.5 where it keeps up. */
  readonly seconds: number;
  readonly setAside: number;
  /** Members over all processes. */
  readonly members: number;
}

export interface SetAsideEvent {
  readonly group: string;
  /** For which of them it stands aside; none where members belong to none. */
  readonly instances: readonly string[];
  readonly event: LogEvent;
  readonly error: string;
  /** False for a later event of a poison event's key, which only waits behind it. */
  readonly poison: boolean;
  readonly attempts: number;
  readonly at: string;
}

export interface SetAsideCount {
  readonly workspace: WorkspaceId;
  readonly recordType: string | null;
  readonly events: number;
}

/**
 * `lost` where the database was set back behind the tick: what followed is another history, and a cursor of before points to
 * nothing of it. Of one that was `pruned`, without events, it is not known.
 */
export type MarkState = 'held' | 'pruned' | 'lost';

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
 * - E8 members of one group may belong to instances: each instance has its own place and its own
 *   events that stand aside, and gets every event once. What is asked of the group's events that stand
 *   aside concerns all instances. One without a member for 30 days is forgotten, and told so when it
 *   comes back.
 */
export interface EventLog {
  append(transaction: Transaction, events: readonly NewEvent[]): Promise<void>;
  /**
   * The events after the cursor (null: from the beginning), at most `limit` and `bytes`, but one at least; waits for none.
   * With filters a batch may be short, even empty, while there is `more`: its cursor moves on all the same.
   * Throws `invalid_cursor`, `cursor_of_another_log`.
   */
  read(cursor: Position | null, options?: ReadOptions): Promise<ReadBatch>;
  /** Becomes a member of the group, which is made at the beginning of the log if it is new. Throws what the handler's own cursor does not pass. */
  consume(group: string, handler: Handler, options?: ConsumeOptions): Promise<Subscription>;
  /** The same for a handler that needs no more than the facts: what else an event says is not read, which is a quarter of the cost. */
  consumeFacts(group: string, handler: Handler<EventFact>, options?: ConsumeOptions): Promise<Subscription>;
  /**
   * Whether the log knows the instance, asked before it consumes again. One that it does not know has to begin anew: which
   * events stood aside for what it holds is forgotten.
   */
  keepInstance(group: string, instance: string): Promise<boolean>;
  /** What the log says of the tick that a batch was marked with. */
  stateOf(mark: string): Promise<MarkState>;
  /** The events that stand aside for any instance, in order: at most `limit`, fewer where they are large, none where there are no more. */
  setAside(group: string, options?: { limit?: number; after?: Position }): Promise<SetAsideEvent[]>;
  /**
   * How many stand aside for members of this instance, or of none, by workspace and by the type of the record, or that the
   * event defines; null for events of neither.
   */
  setAsideCounts(group: string, instance?: string): Promise<SetAsideCount[]>;
  /**
   * Has a member of each instance hand the set-aside events to its handler again, in order; resolves to how many
   * succeeded and how many stand aside again, added up over the instances. One without a member does so when it is back.
   * Throws `not_found`, `unavailable` where nobody is a member, and `deadline_exceeded` after so many milliseconds (60,000
   * unless told), while it goes on.
   */
  replay(
    group: string,
    options?: { readonly deadline?: number | undefined },
  ): Promise<{ readonly succeeded: number; readonly failed: number }>;
  /** Gives up a set-aside event for all instances of the group; those behind it wait for `replay`. Throws `not_found`. */
  discard(group: string, position: Position): Promise<void>;
  /** The changes of a record in the order of their versions, as far as a tick has them. */
  history(workspace: WorkspaceId, record: RecordId, options?: HistoryOptions): Promise<HistoryPage>;
  /** Blanks `data`, `previous` and `original` of all events of a record of the transaction's workspaces, for good. */
  erase(transaction: Transaction, record: RecordId): Promise<void>;
  head(): Promise<LogHead>;
  lag(): Promise<GroupLag[]>;
  /** The instant (ISO 8601) of the last tick that the position has passed. Throws as `read` does. */
  timeOf(position: Position): Promise<string>;
  /** Seconds that the oldest open transaction with an id has lasted, 0 without one: its events wait for it. */
  oldestWriterSeconds(): Promise<number>;
  /** Says "look now": called after a commit, coalesced, never waits. */
  wake(): void;
  /**
   * Somebody waits until what is written is handed over, from now until the function that is returned is
   * called. Ticks and members rest between two rounds in proportion to what a round cost, at most 100 ms,
   * so that following the log leaves a busy machine to others; while somebody waits they do not.
   */
  hurry(): () => void;
  /** Resolves when a tick after `after` is known, after `milliseconds`, or at the abort. */
  waitForTick(after: number, milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** Whether everything up to the end of tick `tick` contains the write. */
  contains(tick: number, write: WriteTokenParts): Promise<boolean>;
  encodeToken(parts: Omit<WriteTokenParts, 'epoch'>): WriteToken;
  /** Throws `invalid_token`, or `cursor_of_another_log` for a token of another epoch. */
  decodeToken(token: string): WriteTokenParts;
  close(): Promise<void>;
}
