import Type from 'typebox';

/** Shapes that several routes answer with. */

export const AnyObject = Type.Record(Type.String(), Type.Unknown());

const CellSchema = Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]);

const Instant = Type.String({ format: 'date-time', description: 'ISO 8601 in UTC' });
const MaybeInstant = Type.Union([Instant, Type.Null()]);

export const FreshnessSchema = Type.Object(
  {
    complete_to: Type.String({ description: 'Every write acknowledged before this instant is in the answer' }),
    position: Type.String({ description: 'Place in the log; opaque' }),
    state: Type.Enum(['complete', 'incomplete'], { description: 'incomplete: events stand aside that the answer would contain' }),
    set_aside: Type.Optional(Type.Integer()),
    sources: Type.Array(
      Type.Object({
        source_system: Type.String(),
        last_record_at: MaybeInstant,
        last_sync_at: MaybeInstant,
        lag_seconds: Type.Union([Type.Number(), Type.Null()]),
        state: Type.Enum(['fresh', 'late', 'failed', 'incomplete']),
      }),
    ),
  },
  { title: 'Freshness' },
);

export const MetricAnswerSchema = Type.Object(
  {
    columns: Type.Array(
      Type.Object({
        name: Type.String(),
        type: Type.Enum(['text', 'integer', 'number', 'decimal', 'boolean', 'date', 'timestamp']),
        format: Type.Optional(Type.String()),
        unit: Type.Optional(Type.String()),
        label: Type.Optional(Type.String()),
      }),
    ),
    rows: Type.Array(Type.Array(CellSchema)),
    freshness: FreshnessSchema,
    today: Type.Optional(Type.String({ description: 'The day that the answer took for today, where it depends on it' })),
    cache: Type.Object({ tier: Type.Enum(['L1', 'L3', 'none']), age_ms: Type.Number() }),
    query_id: Type.String(),
    notes: Type.Optional(Type.Array(Type.String())),
  },
  { title: 'MetricAnswer' },
);

export const ProblemSchema = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ description: 'Stable: see the reference of error codes' }),
    detail: Type.String(),
    instance: Type.String({ description: 'Id of the request' }),
    retry_after: Type.Optional(Type.Number()),
  },
  { title: 'Problem', additionalProperties: true },
);

export const WriteAnswerSchema = Type.Object(
  {
    token: Type.String({ description: 'Send it back as Sophia-After to read this write' }),
    created: Type.Integer(),
    updated: Type.Integer(),
    unchanged: Type.Integer(),
    stale: Type.Integer({ description: 'Part of unchanged: older than what is known' }),
    rejected: Type.Integer(),
    errors: Type.Array(
      Type.Object({
        line: Type.Integer(),
        code: Type.String(),
        message: Type.String(),
        column: Type.Optional(Type.String()),
        value: Type.Optional(Type.Unknown()),
      }),
    ),
  },
  { title: 'WriteAnswer' },
);

/** Of rows that came as a stream, what the import has beside. */
export const RowsAnswerSchema = Type.Object(
  {
    ...WriteAnswerSchema.properties,
    import: Type.Optional(Type.String({ description: 'Id of the import that a stream became' })),
    assumed: Type.Optional(Type.Array(Type.String(), { description: 'What was assumed of a stream, and how to set it' })),
  },
  { title: 'RowsAnswer' },
);

export const RecordSchema = Type.Object(
  {
    id: Type.String(),
    source_system: Type.String(),
    record_type: Type.String(),
    source_id: Type.String(),
    version: Type.Integer(),
    data: AnyObject,
    occurred_at: MaybeInstant,
    created_at: Instant,
    updated_at: Instant,
  },
  { title: 'Record', additionalProperties: true },
);

/** Of parameters that may be long. */
export const IN_HEAD = 'encoded, and with all headers, it has 16 KiB at most, beyond which the answer is 431 headers_too_large';

/** Of the cursor of pages whose items may be large. */
export const BOUNDED = 'Where the next page begins, null at the end; a page ends at about 8 MB, so that it may be shorter than its limit';

/** Read your writes: the token of a write, so that the answer contains it. */
export const AfterHeaders = Type.Object({ 'sophia-after': Type.Optional(Type.String({ maxLength: 200 })) });
export const IdempotencyHeaders = Type.Object({ 'idempotency-key': Type.Optional(Type.String({ minLength: 1, maxLength: 200 })) });
