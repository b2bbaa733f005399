import type { ProjectionStatus } from '@sophia/analytics';
import type { SemanticProblem } from '@sophia/types';
import Type from 'typebox';
import { answerOf } from './answer-of.ts';
import { FreshnessSchema } from './freshness-answer.ts';
import { HealthSchema } from './health-answers.ts';
import { Instant } from './values.ts';

const CacheStatisticsSchema = answerOf<ProjectionStatus['caches']['answers']>()(
  Type.Object(
    {
      hits: Type.Integer(),
      misses: Type.Integer(),
      loads: Type.Integer(),
      joins: Type.Integer({ description: "Callers that waited for another caller's load" }),
      evictions: Type.Integer(),
      invalidated: Type.Integer(),
      entries: Type.Integer(),
      bytes: Type.Integer(),
    },
    { title: 'CacheStatistics' },
  ),
);

const ModelProblemSchema = answerOf<SemanticProblem>()(
  Type.Object({ path: Type.String(), line: Type.Integer(), column: Type.Integer(), message: Type.String() }, { title: 'ModelProblem' }),
);

export const InstanceSchema = Type.Object(
  {
    instance: Type.String(),
    running: Type.Boolean(),
    lag_seconds: Type.Number(),
    set_aside: Type.Integer({ description: 'Events that stand aside for it' }),
  },
  { title: 'InstanceStatus' },
);

const WarehouseSchema = Type.Object(
  {
    position: Type.String({ description: 'Up to where the log is applied' }),
    complete_to: Type.String({ description: 'Every write acknowledged before this instant is applied' }),
    generation: Type.Integer({ description: 'Grows with each rebuild' }),
    set_aside: Type.Integer({ description: 'Events that stand aside' }),
    lag_seconds: Type.Number(),
    instance: Type.Optional(Type.String({ description: 'Name of this one, where several have a warehouse over the database' })),
    instances: Type.Optional(Type.Array(InstanceSchema, { description: 'All of them' })),
    problems: Type.Array(ModelProblemSchema, { description: "In the workspace's model files: the models of before are in force" }),
  },
  { title: 'WarehouseStatus' },
);

const SlowQuerySchema = Type.Object(
  {
    fingerprint: Type.String({ description: 'The same for statements that differ only in their literals' }),
    system: Type.String({ description: 'postgres or duckdb' }),
    text: Type.String({ description: 'The statement without its literals' }),
    count: Type.Integer(),
    total_milliseconds: Type.Number(),
    maximum_milliseconds: Type.Number(),
    last: Instant,
  },
  { title: 'SlowQuery' },
);

export const StatusSchema = Type.Object(
  {
    ...HealthSchema.properties,
    process: Type.Object({ id: Type.Integer(), uptime_seconds: Type.Integer(), memory_bytes: Type.Integer() }, { title: 'ProcessStatus' }),
    warehouse: WarehouseSchema,
    caches: Type.Object({ answers: CacheStatisticsSchema, results: CacheStatisticsSchema }, { title: 'CachesStatus' }),
    freshness: FreshnessSchema,
    slow_queries: Type.Object(
      { threshold_milliseconds: Type.Number(), queries: Type.Array(SlowQuerySchema, { description: 'Slowest first' }) },
      { title: 'SlowQueries' },
    ),
  },
  { title: 'Status' },
);
