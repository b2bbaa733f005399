import { type MetricQuery, MetricQuerySchema } from '@sophia/types';
import { Compile } from 'typebox/compile';
import { requireShallow } from './require-shallow.ts';
import { shapeError } from './shape-error.ts';

const schema = Compile(MetricQuerySchema);

/** Errors: `invalid_request`, with each problem's place below `path`. */
export const parseMetricQuery = (value: unknown, path: string): MetricQuery => {
  requireShallow(value, 'invalid_request', 'query');
  // The schema's static type is this interface, but for its recursion.
  if (schema.Check(value)) return value as MetricQuery;
  throw shapeError('invalid_request', path, schema.Errors(value));
};
