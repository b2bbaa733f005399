import type { EventPage, RecordVersion } from '@sophia/catalog';
import { type Actor, type Cause, type EventKind, type LogEvent, PRIORITIES, RECORD_EVENT_KINDS } from '@sophia/types';
import Type from 'typebox';
import { answerOf } from './answer-of.ts';
import { BoundedCursor, Instant, MaybeInstant, MaybeText } from './values.ts';

export const EventKindSchema = answerOf<EventKind>()(
  Type.Enum([...RECORD_EVENT_KINDS, 'record_type.changed', 'sync.finished', 'workspace.changed']),
);

const ActorSchema = answerOf<Actor>()(
  Type.Object(
    {
      principal: Type.String({ description: 'key:<id>, user:<subject> or system:<name>' }),
      via: Type.Enum(['rest', 'command_line', 'import', 'singer', 'system']),
      on_behalf_of: Type.Optional(Type.String()),
    },
    { title: 'Actor', description: 'Who caused it' },
  ),
);

const CauseSchema = answerOf<Cause>()(
  Type.Object(
    {
      import: Type.Optional(Type.String({ description: 'Id of the import' })),
      request: Type.Optional(Type.String({ description: 'Id of the request' })),
      proposal: Type.Optional(Type.String({ description: 'Id of the proposal that was approved' })),
      line: Type.Optional(Type.Integer({ description: 'Line of the row in its source' })),
    },
    { title: 'Cause', description: 'What it came from' },
  ),
);

/** Which record an event is about. */
export const EventRecordSchema = answerOf<NonNullable<LogEvent['record']>>()(
  Type.Object(
    { id: Type.String(), source_system: Type.String(), record_type: Type.String(), source_id: Type.String() },
    { title: 'EventRecord' },
  ),
);

const Changed = {
  kind: EventKindSchema,
  occurred_at: MaybeInstant,
  source_version: MaybeText,
  actor: ActorSchema,
  cause: CauseSchema,
  data: Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()], {
    description: 'Whole new state of the record, for other kinds the fact itself; null where the record was erased',
  }),
  previous: Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()], {
    description: 'Old values of the fields that changed; null for a creation',
  }),
  original: Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()], { description: 'Raw value of each repaired field' }),
};

const EventSchema = answerOf<LogEvent>()(
  Type.Object(
    {
      event_version: Type.Literal(1),
      position: Type.String({ description: 'Place in the log; opaque' }),
      workspace: Type.Integer({ description: 'Number of the workspace' }),
      record: Type.Union([EventRecordSchema, Type.Null()], { description: 'Null for events that concern no record' }),
      version: Type.Union([Type.Integer(), Type.Null()], { description: "The record's, from 1" }),
      at: Type.String({ format: 'date-time', description: 'When it was committed: the time of its tick, with microseconds' }),
      created_at: Type.Union([Instant, Type.Null()], { description: 'When the record was first created in the catalog' }),
      business_priority: Type.Union([Type.Enum(PRIORITIES), Type.Null()], { description: 'Of the record, after the event' }),
      ...Changed,
    },
    { title: 'Event' },
  ),
);

export const EventsAnswerSchema = answerOf<Omit<EventPage, 'completeTo'> & { readonly complete_to: string }>()(
  Type.Object(
    {
      events: Type.Array(EventSchema),
      cursor: Type.String({ description: 'Where to read on: as `after` of the next page' }),
      more: Type.Boolean({ description: 'Whether there is more to look at behind the cursor by now' }),
      complete_to: Type.String({ description: 'Everything committed before this instant is at or before the cursor' }),
    },
    { title: 'EventsAnswer' },
  ),
);

const RecordVersionSchema = answerOf<RecordVersion>()(
  Type.Object(
    { version: Type.Integer(), at: Type.String({ format: 'date-time', description: 'When it was committed' }), ...Changed },
    { title: 'RecordVersion' },
  ),
);

export const HistoryAnswerSchema = Type.Object(
  { versions: Type.Array(RecordVersionSchema), next_cursor: BoundedCursor },
  { title: 'HistoryAnswer' },
);
