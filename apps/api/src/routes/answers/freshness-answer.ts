import { type Freshness, SOURCE_STATES, type SourceFreshness } from '@sophia/types';
import Type from 'typebox';
import { answerOf } from './answer-of.ts';
import { MaybeInstant } from './values.ts';

const SourceFreshnessSchema = answerOf<SourceFreshness>()(
  Type.Object(
    {
      source_system: Type.String(),
      last_record_at: MaybeInstant,
      last_sync_at: MaybeInstant,
      lag_seconds: Type.Union([Type.Number(), Type.Null()]),
      state: Type.Enum(SOURCE_STATES),
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
      set_aside: Type.Optional(Type.Integer()),
      sources: Type.Array(SourceFreshnessSchema),
    },
    { title: 'Freshness' },
  ),
);
