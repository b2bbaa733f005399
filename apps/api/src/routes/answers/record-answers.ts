import type { RecordWriteAnswer } from '@sophia/catalog';
import { type CatalogRecord, PRIORITIES, type WriteAnswer } from '@sophia/types';
import Type from 'typebox';
import { answerOf } from './answer-of.ts';
import { RowErrorSchema } from './row-errors.ts';
import { BoundedCursor, Fields, Instant, MaybeInstant, MaybeText } from './values.ts';

export const RecordSchema = answerOf<CatalogRecord>()(
  Type.Object(
    {
      id: Type.String(),
      source_system: Type.String(),
      record_type: Type.String(),
      source_id: Type.String(),
      version: Type.Integer({ description: 'From 1; grows with each change' }),
      data: Fields,
      content_hash: Type.Union([Type.String(), Type.Null()], {
        description: 'Of the data in canonical JSON; null where it is deleted, or masked',
      }),
      business_priority: Type.Union([Type.Enum(PRIORITIES), Type.Null()]),
      occurred_at: MaybeInstant,
      source_version: MaybeText,
      created_at: Instant,
      updated_at: Instant,
      deleted_at: MaybeInstant,
    },
    { title: 'Record' },
  ),
);

export const RecordsAnswerSchema = Type.Object(
  { records: Type.Array(RecordSchema), next_cursor: BoundedCursor },
  { title: 'RecordsAnswer' },
);

export const WriteAnswerSchema = answerOf<WriteAnswer>()(
  Type.Object(
    {
      token: Type.String({ description: 'Send it back as Sophia-After to read this write' }),
      created: Type.Integer(),
      updated: Type.Integer(),
      unchanged: Type.Integer(),
      stale: Type.Integer({ description: 'Part of unchanged: older than what is known' }),
      rejected: Type.Integer(),
      errors: Type.Array(RowErrorSchema, { description: 'Of the first 100 rejected rows; all are among the dead letters' }),
    },
    { title: 'WriteAnswer' },
  ),
);

/** Of one record. */
export const RecordWriteAnswerSchema = answerOf<RecordWriteAnswer>()(
  Type.Object(
    {
      ...WriteAnswerSchema.properties,
      id: Type.Union([Type.String(), Type.Null()], { description: 'Null where a deletion found no record' }),
      version: Type.Union([Type.Integer(), Type.Null()]),
    },
    { title: 'RecordWriteAnswer' },
  ),
);

/** Of rows: one has its record beside, of those that came as a stream there is an import. */
export const RowsAnswerSchema = Type.Object(
  {
    ...WriteAnswerSchema.properties,
    id: Type.Optional(Type.Union([Type.String(), Type.Null()], { description: 'Of the one record' })),
    version: Type.Optional(Type.Union([Type.Integer(), Type.Null()], { description: 'Of the one record' })),
    import: Type.Optional(Type.String({ description: 'Id of the import that a stream became' })),
    assumed: Type.Optional(Type.Array(Type.String(), { description: 'What was assumed of a stream, and how to set it' })),
  },
  { title: 'RowsAnswer' },
);

export const ErasedSchema = Type.Object(
  { token: Type.String({ description: 'Send it back as Sophia-After to read what is left' }) },
  { title: 'Erased' },
);

/** Of dead letters and events that stand aside. */
export const DiscardedSchema = Type.Object({ discarded: Type.Integer({ description: 'How many were given up' }) }, { title: 'Discarded' });
