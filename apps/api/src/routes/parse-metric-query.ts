import { SophiaError } from '@sophia/shared';
import { type MetricQuery, MetricQuerySchema } from '@sophia/types';
import { Compile } from 'typebox/compile';

const schema = Compile(MetricQuerySchema);
/** Filters nest at most so deep: checked before the schema walks into them. */
const DEEPEST = 20;
const MOST_PROBLEMS = 10;

/** Errors: `invalid_request`, with each problem's place below `path`. */
export const parseMetricQuery = (value: unknown, path: string): MetricQuery => {
  if (depthOf(value, DEEPEST + 1) > DEEPEST) throw new SophiaError('invalid_request', `The query is nested deeper than ${DEEPEST} levels.`);
  // The schema's static type is this interface, but for its recursion.
  if (schema.Check(value)) return value as MetricQuery;
  const problems = schema.Errors(value).slice(0, MOST_PROBLEMS);
  throw new SophiaError(
    'invalid_request',
    problems.map(({ instancePath, message }) => `${path}${instancePath || '/'} ${message}`).join('; '),
    {
      details: { problems: problems.map(({ instancePath, message }) => ({ path: `${path}${instancePath}`, message })) },
    },
  );
};

const depthOf = (value: unknown, most: number): number => {
  if (typeof value !== 'object' || value === null || most === 0) return 0;
  let deepest = 0;
  for (const member of Object.values(value)) deepest = Math.max(deepest, depthOf(member, most - 1));
  return deepest + 1;
};
