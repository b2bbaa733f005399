import { type Freshness, SOURCE_STATES, type SourceFreshness } from '@sophia/types';
import Type from 'typebox';
import { answerOf } from './answer-of.ts';
import { Instant } from './values.ts';

const SourceFreshnessSchema = answerOf<SourceFreshness>()(
  Type.Object(
    {
      source_system: Type.String(),
      last_record_at: Type.Union([Instant, Type.Null()], { description: 'When a record of the types that are read came from it last' }),
      last_sync_at: Type.Union([Instant, Type.Null()], { description: 'When an import of it ended last, well or not' }),
      lag_seconds: Type.Union([Type.Number(), Type.Null()], { description: 'By how much the answer is behind now: from complete_to on' }),
      state: Type.Enum(SOURCE_STATES, {
        description:
          'incomplete: events stand aside; failed: its last import failed, or one was interrupted and is not resumed; late: more than 10 seconds behind',
      }),
    },
    { title: 'SourceFreshness' },
  ),
);

export const FreshnessSchema = answerOf<Freshness>()(
  Type.Object(
    {
      complete_to: Type.String({ description: 'Every write acknowledged before this instant is in the answer' }),
      position: Type.String({ description: 'Place in the log; opaque' }),
      state: Type.Enum(['complete', 'incomplete'], { description: 'incomplete: events stand aside that the answer would contain' }),
      set_aside: Type.Optional(Type.Integer({ description: 'How many events stand aside' })),
      sources: Type.Array(SourceFreshnessSchema),
    },
    { title: 'Freshness' },
  ),
);
