import { boundedPage, type Statement } from '@sophia/database';
import type { Actor, BusinessPriority, Cause, EventKind, JsonObject, LogEvent, Position, RecordId, WorkspaceId } from '@sophia/types';

/** A row of the table `event`. */
export interface EventRow {
  readonly xid: string;
  readonly position: string;
  readonly tick: string | null;
  readonly workspace: WorkspaceId;
  readonly kind: EventKind;
  readonly record_id: RecordId | null;
  readonly source_system: string | null;
  readonly record_type: string | null;
  readonly source_id: string | null;
  readonly version: number | null;
  readonly occurred_at: string | null;
  readonly source_version: string | null;
  readonly business_priority: BusinessPriority | null;
  readonly created_at: string | null;
  readonly actor: Actor;
  readonly cause: Cause;
  readonly data: JsonObject | null;
  readonly previous: JsonObject | null;
  readonly original: JsonObject | null;
  /** Of events of a page. */
  readonly bytes?: number;
  readonly found?: number;
}

/** What an event itself says, in the order of the table. */
export const FACT_COLUMNS = `workspace, kind, record_id, source_system, record_type, source_id, version, occurred_at, source_version,
  business_priority, created_at, actor, cause, data, previous, original`;
export const EVENT_COLUMNS = `xid, position, tick, ${FACT_COLUMNS}`;
/** Those of them that may be large. */
export const EVENT_VALUES = ['data', 'previous', 'original'];

/** Statements of the events that a function of the database gives: of all of them, and of those that fill a page. */
export interface EventStatements {
  readonly all: Statement;
  readonly page: Statement;
}

export const eventStatements = (name: string, source: string, order: string): EventStatements => ({
  all: { name, text: `select ${EVENT_COLUMNS} from ${source}` },
  page: {
    name: `${name}_bounded`,
    text: boundedPage({ rows: `select ${EVENT_COLUMNS} from ${source}`, columns: `${EVENT_COLUMNS}, bytes`, values: EVENT_VALUES, order }),
  },
});

/** Whether there are more events than those, of which one more than the limit was asked for. */
export const isCut = (rows: readonly EventRow[], limit: number): boolean => rows.length > limit || (rows[0]?.found ?? 0) > rows.length;

export const bytesOf = (rows: readonly EventRow[]): number => rows.reduce((sum, { bytes = 0 }) => sum + bytes, 0);

/** The event with the place and the time that its tick gives it. */
export const logEventOf = (row: EventRow, position: Position, at: string): LogEvent => ({
  event_version: 1,
  position,
  at,
  workspace: row.workspace,
  kind: row.kind,
  record: recordOf(row),
  version: row.version,
  occurred_at: row.occurred_at,
  source_version: row.source_version,
  business_priority: row.business_priority,
  created_at: row.created_at,
  actor: row.actor,
  cause: row.cause,
  data: row.data,
  previous: row.previous,
  original: row.original,
});

function recordOf({ record_id: id, source_system, record_type, source_id }: EventRow): LogEvent['record'] {
  if (id === null || source_system === null || record_type === null || source_id === null) return null;
  return { id, source_system, record_type, source_id };
}
