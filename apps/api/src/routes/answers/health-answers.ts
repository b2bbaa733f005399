import type { HealthReport } from '@sophia/platform';
import Type from 'typebox';
import { answerOf } from './answer-of.ts';

const DependencySchema = answerOf<HealthReport['dependencies'][number]>()(
  Type.Object(
    {
      name: Type.String(),
      state: Type.Enum(['up', 'down']),
      milliseconds: Type.Optional(Type.Number()),
      code: Type.Optional(Type.Enum(['unavailable', 'late'], { description: 'Of one that is down' })),
      ahead_seconds: Type.Optional(
        Type.Number({ description: 'Of the event log: how far it is beyond the clock of the machine, where a clock was ahead before' }),
      ),
    },
    { title: 'Dependency' },
  ),
);

export const HealthSchema = answerOf<HealthReport>()(
  Type.Object(
    { status: Type.Enum(['ready', 'degraded', 'stopping']), version: Type.String(), dependencies: Type.Array(DependencySchema) },
    { title: 'Health' },
  ),
);

export const LivenessSchema = Type.Object({ status: Type.Literal('live') }, { title: 'Liveness' });
