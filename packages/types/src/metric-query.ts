import Type, { type Static } from 'typebox';

export const FILTER_OPERATORS = ['eq', 'ne', 'in', 'gt', 'gte', 'lt', 'lte', 'between', 'contains', 'starts_with', 'is_null'] as const;
export const TIME_GRAINS = ['day', 'week', 'month', 'quarter', 'year'] as const;
export type FilterOperator = (typeof FILTER_OPERATORS)[number];
export type TimeGrain = (typeof TIME_GRAINS)[number];

export const FilterValue = Type.Union([Type.String({ maxLength: 4096 }), Type.Number(), Type.Boolean(), Type.Null()]);

export const FieldFilter = Type.Object(
  {
    field: Type.String({ minLength: 1, maxLength: 200, description: 'entity.field, or a field of the record type' }),
    operator: Type.Enum(FILTER_OPERATORS),
    values: Type.Optional(Type.Array(FilterValue, { maxItems: 1000 })),
  },
  { additionalProperties: false, title: 'FieldFilter' },
);
export type FieldFilter = Static<typeof FieldFilter>;
export type FilterValue = Static<typeof FilterValue>;

export type Filter = FieldFilter | { readonly and: readonly Filter[] } | { readonly or: readonly Filter[] } | { readonly not: Filter };

/** A filter is `{field, operator, values}`, `{and: []}`, `{or: []}` or `{not: ...}`. */
export const Filter = Type.Cyclic(
  {
    Filter: Type.Union([
      FieldFilter,
      Type.Object({ and: Type.Array(Type.Ref('Filter'), { maxItems: 100 }) }, { additionalProperties: false, title: 'AndFilter' }),
      Type.Object({ or: Type.Array(Type.Ref('Filter'), { maxItems: 100 }) }, { additionalProperties: false, title: 'OrFilter' }),
      Type.Object({ not: Type.Ref('Filter') }, { additionalProperties: false, title: 'NotFilter' }),
    ]),
  },
  'Filter',
);

/** A metric query: data, the same on every interface. */
export interface MetricQuery {
  readonly metrics: readonly string[];
  /** `entity.dimension`, time dimensions with a grain: `deal.close_date:month`. */
  readonly dimensions?: readonly string[] | undefined;
  /** All must hold. */
  readonly filters?: readonly Filter[] | undefined;
  /** The same over metrics, after aggregation. */
  readonly having?: readonly Filter[] | undefined;
  /** Half-open, over each metric's own time dimension: days or instants. */
  readonly time_range?: { readonly from?: string | undefined; readonly to?: string | undefined } | undefined;
  readonly compare?: 'previous_period' | 'previous_year' | undefined;
  /** Metric or dimension names, `-` before one means descending. */
  readonly order_by?: readonly string[] | undefined;
  readonly limit?: number | undefined;
  /** The catalog's time: what Sophia knew then. */
  readonly as_of?: string | undefined;
  /** IANA name; UTC unless told. */
  readonly time_zone?: string | undefined;
  readonly week_start?: 'monday' | 'sunday' | undefined;
  /** Whether missing periods are filled; true unless told. */
  readonly fill?: boolean | undefined;
}

const Name = Type.String({ minLength: 1, maxLength: 200 });

export const MetricQuerySchema = Type.Object(
  {
    metrics: Type.Array(Name, { minItems: 1, maxItems: 50 }),
    dimensions: Type.Optional(Type.Array(Name, { maxItems: 20 })),
    filters: Type.Optional(Type.Array(Filter, { maxItems: 100 })),
    having: Type.Optional(Type.Array(Filter, { maxItems: 100 })),
    time_range: Type.Optional(
      Type.Object(
        { from: Type.Optional(Type.String({ maxLength: 40 })), to: Type.Optional(Type.String({ maxLength: 40 })) },
        { additionalProperties: false },
      ),
    ),
    compare: Type.Optional(Type.Enum(['previous_period', 'previous_year'])),
    order_by: Type.Optional(Type.Array(Name, { maxItems: 20 })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 })),
    as_of: Type.Optional(Type.String({ maxLength: 40 })),
    time_zone: Type.Optional(Type.String({ maxLength: 64 })),
    week_start: Type.Optional(Type.Enum(['monday', 'sunday'])),
    fill: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false, title: 'MetricQuery' },
);

export type ColumnType = 'text' | 'integer' | 'number' | 'decimal' | 'boolean' | 'date' | 'timestamp';

export interface AnswerColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly format?: 'currency' | 'percent' | 'number' | 'integer' | 'days' | undefined;
  readonly unit?: string | undefined;
  readonly label?: string | undefined;
}

/** Decimals and integers beyond 2^53 are strings, ratios and averages numbers, periods their first day. */
export type Cell = string | number | boolean | null;

export interface MetricAnswer {
  readonly columns: readonly AnswerColumn[];
  readonly rows: readonly (readonly Cell[])[];
}
