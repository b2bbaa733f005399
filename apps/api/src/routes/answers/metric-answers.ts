import type { AnswerData, DrillDownAnswer, Explanation } from '@sophia/analytics';
import type { DrilledRecord, MetricDescription } from '@sophia/core';
import { type AnswerColumn, type Cell, Filter, METRIC_FORMATS, TIME_GRAINS } from '@sophia/types';
import Type from 'typebox';
import { answerOf } from './answer-of.ts';
import { FreshnessSchema } from './freshness-answer.ts';
import { BoundedCursor, MaybeText } from './values.ts';

const DimensionSchema = answerOf<MetricDescription['dimensions'][number]>()(
  Type.Object(
    {
      name: Type.String({ description: 'As queries write it' }),
      label: Type.String(),
      type: Type.Enum(['categorical', 'time']),
      grains: Type.Optional(
        Type.Array(Type.Enum(TIME_GRAINS), { description: 'Of a time dimension: one stands behind its name and a colon' }),
      ),
      identifying: Type.Boolean({ description: 'Not for those who see aggregates only' }),
    },
    { title: 'Dimension' },
  ),
);

const MetricSchema = answerOf<MetricDescription>()(
  Type.Object(
    {
      name: Type.String(),
      label: Type.String(),
      description: Type.String(),
      type: Type.Enum(['simple', 'ratio', 'derived', 'cumulative']),
      format: Type.Union([Type.Enum(METRIC_FORMATS), Type.Null()]),
      unit: MaybeText,
      parts: Type.Array(Type.String(), { description: 'What drill-downs take as `part`; none for a metric that is one measure' }),
      dimensions: Type.Array(DimensionSchema),
    },
    { title: 'Metric' },
  ),
);

export const MetricsAnswerSchema = Type.Object({ metrics: Type.Array(MetricSchema) }, { title: 'MetricsAnswer' });

const CellSchema = answerOf<Cell>()(
  Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()], {
    title: 'Cell',
    description: 'Decimals and whole numbers beyond 2^53 are texts, a period its first day',
  }),
);

const ColumnSchema = answerOf<AnswerColumn>()(
  Type.Object(
    {
      name: Type.String(),
      type: Type.Enum(['text', 'integer', 'number', 'decimal', 'boolean', 'date', 'timestamp']),
      format: Type.Optional(Type.Enum(METRIC_FORMATS)),
      unit: Type.Optional(Type.String()),
      label: Type.Optional(Type.String()),
    },
    { title: 'AnswerColumn' },
  ),
);

export const MetricAnswerSchema = answerOf<AnswerData>()(
  Type.Object(
    {
      columns: Type.Array(ColumnSchema),
      rows: Type.Array(Type.Array(CellSchema), { description: 'A cell for each column' }),
      freshness: FreshnessSchema,
      today: Type.Optional(Type.String({ description: 'The day that the answer took for today, where it depends on it' })),
      cache: Type.Object(
        { tier: Type.Enum(['L1', 'L3', 'none'], { description: 'Where it comes from; none: it was computed' }), age_ms: Type.Number() },
        { title: 'AnswerCache' },
      ),
      query_id: Type.String(),
      notes: Type.Optional(Type.Array(Type.String())),
    },
    { title: 'MetricAnswer' },
  ),
);

/** Of several queries, in their order. */
export const MetricAnswersSchema = Type.Object({ answers: Type.Array(MetricAnswerSchema) }, { title: 'MetricAnswers' });

export const ExplanationSchema = answerOf<Explanation>()(
  Type.Object(
    {
      sql: Type.String({ description: 'The statement that the warehouse would run' }),
      parameters: Type.Array(Type.Unknown(), { description: "Values of the statement's parameters, in order" }),
      models: Type.Array(Type.String()),
      reads: Type.Array(Type.Object({ record_type: Type.String(), fields: Type.Array(Type.String()) }, { title: 'ReadFields' }), {
        description: 'What would drop a cached answer',
      }),
      tags: Type.Array(Type.String(), { description: 'The surrogate keys of the answer' }),
      rollup: Type.Union([Type.String(), Type.Null()], { description: 'The pre-aggregation that is read, where one is' }),
      cache_key: Type.String(),
      policy: Type.Array(
        Type.Object(
          {
            record_type: Type.String(),
            row_filter: Type.Unsafe<Filter | null>(
              Type.Union([Filter, Type.Null()], { description: 'Records for which it is not true are not there; null where all are' }),
            ),
            masked_fields: Type.Array(Type.String()),
          },
          { title: 'ReadPolicy' },
        ),
        { description: 'What the caller sees of each record type that is read' },
      ),
    },
    { title: 'Explanation' },
  ),
);

const DrilledRecordSchema = answerOf<DrilledRecord>()(
  Type.Object(
    {
      id: Type.String(),
      record_type: Type.String(),
      source_system: Type.String(),
      source_id: Type.String(),
      version: Type.Integer(),
      value: Type.Union(CellSchema.anyOf, { description: 'What the record adds to the measure: a cell' }),
      data: Type.Record(Type.String(), Type.Unknown(), { description: 'The fields that the caller sees and that are not null' }),
    },
    { title: 'DrilledRecord' },
  ),
);

export const DrillDownAnswerSchema = answerOf<DrillDownAnswer>()(
  Type.Object(
    { records: Type.Array(DrilledRecordSchema), next_cursor: BoundedCursor, freshness: FreshnessSchema },
    { title: 'DrillDownAnswer' },
  ),
);
