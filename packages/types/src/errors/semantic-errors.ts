import type { ErrorCode } from './error-code.ts';

/** Semantic models and metric queries. */
export const SEMANTIC_ERRORS = {
  semantic_model_invalid: {
    status: 422,
    title: 'Semantic model invalid',
    help: 'The detail lists every problem with its file and line, and the nearest valid name where a name is unknown.',
  },
  unknown_metric: { status: 400, title: 'Unknown metric', help: 'GET /metrics lists the metrics; the detail names the nearest ones.' },
  unknown_dimension: {
    status: 400,
    title: 'Unknown dimension',
    help: 'A dimension is written entity.dimension, one of time with a grain: deal.close_date:month. The detail names the nearest ones.',
  },
  unreachable_dimension: {
    status: 400,
    title: 'Dimension not reachable',
    help: 'No chain of many-to-one references leads from the records of the metric to the dimension.',
  },
  ambiguous_join: {
    status: 400,
    title: 'Ambiguous join',
    help: 'Several references lead to that entity; write the name of the reference that is meant, as the detail does.',
  },
  identifying_dimension: {
    status: 403,
    title: 'Identifying dimension',
    help: 'This role sees aggregates only, not dimensions that name one record or person.',
  },
  invalid_query: { status: 400, title: 'Invalid metric query', help: 'The detail names the part of the query and what is allowed there.' },
  invalid_filter: {
    status: 400,
    title: 'Invalid filter',
    help: 'The detail names the field, its type, and the operators and values that fit it.',
  },
  query_too_large: {
    status: 400,
    title: 'Query too large',
    help: 'The query, or the number of periods that it asks for, is beyond a limit that the detail names.',
  },
  mixed_currencies: {
    status: 422,
    title: 'Mixed currencies',
    help: 'The amounts are in several currencies and nothing is converted: add the currency as a dimension, or filter for one.',
  },
  invalid_drill_down: {
    status: 400,
    title: 'Invalid drill-down',
    help: 'The row names every dimension of the query, and the part is one that the metric has; the detail says which.',
  },
  drill_down_not_allowed: { status: 403, title: 'Drill-down not allowed', help: 'This role sees aggregates only, not single records.' },
} as const satisfies Record<string, ErrorCode>;
