import type { Analytics, RebuildProgress } from '@sophia/analytics';
import Type from 'typebox';
import { ProblemSchema } from '../schemas.ts';
import { answerOf } from './answer-of.ts';
import { EventKindSchema, EventRecordSchema } from './event-answers.ts';
import { Instant } from './values.ts';

const RebuiltSchema = answerOf<Awaited<ReturnType<Analytics['rebuild']>>>()(
  Type.Object(
    {
      events: Type.Integer({ description: 'Events that were applied' }),
      generation: Type.Integer({ description: 'Number of the warehouse' }),
    },
    { title: 'Rebuilt' },
  ),
);

const RebuildProgressSchema = answerOf<RebuildProgress>()(
  Type.Object(
    {
      applied: Type.Integer({ description: 'Events that are applied' }),
      tick: Type.Integer({ description: 'Where the rebuild has got to' }),
      head: Type.Integer({ description: "The log's end" }),
    },
    { title: 'RebuildProgress' },
  ),
);

/** A line of an answer that is written while the warehouse is rebuilt. */
const RebuildLineSchema = Type.Union(
  [
    Type.Object({ progress: RebuildProgressSchema }, { title: 'RebuildProgresses' }),
    Type.Object({ rebuilt: RebuiltSchema }, { title: 'RebuildEnds' }),
    Type.Object({ problem: ProblemSchema }, { title: 'RebuildFails' }),
  ],
  { title: 'RebuildLine' },
);

export const RebuildAnswer = {
  description: 'At the end; or, where NDJSON is accepted, a line for each step',
  content: { 'application/json': { schema: RebuiltSchema }, 'application/x-ndjson': { schema: RebuildLineSchema } },
};

export const SetAsideEventSchema = Type.Object(
  {
    position: Type.String({ description: 'Place in the log: names the event where it is given up' }),
    kind: EventKindSchema,
    record: Type.Union([EventRecordSchema, Type.Null()]),
    version: Type.Union([Type.Integer(), Type.Null()]),
    at: Instant,
    error: Type.String(),
    poison: Type.Boolean({ description: 'False for a later event of the same record, which only waits behind it' }),
    attempts: Type.Integer(),
    set_aside_at: Instant,
    instances: Type.Optional(Type.Array(Type.String(), { description: 'Whose warehouse it concerns, where there are several' })),
  },
  { title: 'SetAsideEvent' },
);

export const SetAsideAnswerSchema = Type.Object({ events: Type.Array(SetAsideEventSchema) }, { title: 'SetAsideAnswer' });

export const ReplayedSchema = Type.Object(
  { succeeded: Type.Integer(), failed: Type.Integer({ description: 'Stand aside again' }) },
  { title: 'Replayed' },
);
