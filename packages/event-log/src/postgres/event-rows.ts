import { boundedPage, type CopyTarget, mostBytesOf, type Statement } from '@sophia/database';
import type { EventFact, LogEvent, NewEvent, Position, RecordId } from '@sophia/types';

/** A row of the table `event`. */
export interface EventRow extends Omit<NewEvent, 'record'> {
  readonly xid: string;
  readonly position: string;
  readonly tick: string | null;
  readonly record_id: RecordId | null;
  readonly source_system: string | null;
  readonly record_type: string | null;
  readonly source_id: string | null;
  /** Of a page that was measured: how many there are, up to one more than its limit. */
  readonly found?: number;
}

/** A row of which only the facts were read. */
export type FactRow = Omit<EventRow, 'actor' | 'cause' | 'original'>;

/** What an event itself says, in the order of the table. */
export const FACTS_BY_COLUMN = [
  { name: 'workspace', type: 'int4' },
  { name: 'kind', type: 'text' },
  { name: 'record_id', type: 'int8' },
  { name: 'source_system', type: 'text' },
  { name: 'record_type', type: 'text' },
  { name: 'source_id', type: 'text' },
  { name: 'version', type: 'int4' },
  { name: 'occurred_at', type: 'timestamptz' },
  { name: 'source_version', type: 'text' },
  { name: 'business_priority', type: 'text' },
  { name: 'created_at', type: 'timestamptz' },
  { name: 'actor', type: 'jsonb' },
  { name: 'cause', type: 'jsonb' },
  { name: 'data', type: 'jsonb' },
  { name: 'previous', type: 'jsonb' },
  { name: 'original', type: 'jsonb' },
] as const satisfies CopyTarget['columns'];

export const FACT_COLUMNS = FACTS_BY_COLUMN.map(({ name }) => name).join(', ');

/** In the order of `FACTS_BY_COLUMN`; written out, as it is made for every event. */
export const factValues = (event: NewEvent): readonly unknown[] => [
  event.workspace,
  event.kind,
  event.record?.id,
  event.record?.source_system,
  event.record?.record_type,
  event.record?.source_id,
  event.version,
  event.occurred_at,
  event.source_version,
  event.business_priority,
  event.created_at,
  event.actor,
  event.cause,
  event.data,
  event.previous,
  event.original,
];

export const EVENT_COLUMNS = `xid, position, tick, ${FACT_COLUMNS}`;
/** Those of them that may be large. */
export const EVENT_VALUES = ['data', 'previous', 'original'];

const COLUMNS_OF_FACTS = `xid, position, tick, workspace, kind, record_id, source_system, record_type, source_id, version, occurred_at,
  source_version, business_priority, created_at, data, previous`;

/** A function of the database that gives events. */
export interface EventSource {
  readonly name: string;
  /** Its parameters are so many. */
  readonly parameters: number;
  readonly order: string;
}

export interface EventStatements {
  readonly all: Statement;
  /** The bytes that all of them have at most; a tenth of the cost of reading them. */
  readonly weight: Statement;
  /** Those up to the one that fills so many bytes: the last parameter. */
  readonly page: Statement;
}

/** Statements of the events that a source gives: whole ones, and of their facts. */
export interface SourceStatements {
  readonly whole: EventStatements;
  readonly facts: EventStatements;
}

export const eventStatements = (source: EventSource): SourceStatements => ({
  whole: statementsOf(source, 'whole', EVENT_COLUMNS, EVENT_VALUES),
  facts: statementsOf(source, 'facts', COLUMNS_OF_FACTS, ['data', 'previous']),
});

const statementsOf = (
  { name, parameters, order }: EventSource,
  kind: keyof SourceStatements,
  columns: string,
  values: readonly string[],
): EventStatements => {
  const named = Array.from({ length: parameters }, (_, index) => `$${index + 1}`);
  const from = `from ${name}(${named.join(', ')})`;
  const rows = `select ${columns} ${from}`;
  return {
    all: { name: `${name}_${kind}`, text: rows },
    weight: { name: `${name}_${kind}_weight`, text: `select coalesce(sum(${mostBytesOf({ values })}), 0)::float8 as weight ${from}` },
    page: {
      name: `${name}_${kind}_bounded`,
      text: boundedPage({ rows, columns: `${columns}, bytes`, values, order, bytes: `$${parameters + 1}::bigint` }),
    },
  };
};

/** Whether there are more events than those, of which one more than the limit was asked for. */
export const isCut = (rows: readonly FactRow[], limit: number): boolean => rows.length > limit || (rows[0]?.found ?? 0) > rows.length;

/** How much of the events is read, and what is made of a row with the place and the time that its tick gives it. */
export interface EventShape<Event extends EventFact, Row extends FactRow> {
  readonly statementsOf: (source: SourceStatements) => EventStatements;
  readonly eventOf: (row: Row, position: Position, at: string) => Event;
  /** An event that was read whole is one of these, too. */
  readonly ofWhole: (event: LogEvent) => Event;
}

/** A quarter less to read and to parse than a whole event. */
const factOf = (row: FactRow, position: Position, at: string): EventFact => ({
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
  data: row.data,
  previous: row.previous,
});

/** The event with the place and the time that its tick gives it. */
export const logEventOf = (row: EventRow, position: Position, at: string): LogEvent => {
  const { data, previous, ...fact } = factOf(row, position, at);
  return { ...fact, actor: row.actor, cause: row.cause, data, previous, original: row.original };
};

export const WHOLE_EVENTS: EventShape<LogEvent, EventRow> = {
  statementsOf: ({ whole }) => whole,
  eventOf: logEventOf,
  ofWhole,
};

export const FACTS: EventShape<EventFact, FactRow> = {
  statementsOf: ({ facts }) => facts,
  eventOf: factOf,
  ofWhole,
};

function ofWhole(event: LogEvent): LogEvent {
  return event;
}

function recordOf({ record_id: id, source_system, record_type, source_id }: FactRow): LogEvent['record'] {
  if (id === null || source_system === null || record_type === null || source_id === null) return null;
  return { id, source_system, record_type, source_id };
}
