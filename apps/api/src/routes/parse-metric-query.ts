import { SophiaError } from '@sophia/shared';
import { type MetricQuery, MetricQuerySchema } from '@sophia/types';
import { Compile } from 'typebox/compile';

const schema = Compile(MetricQuerySchema);
/** Filters nest at most so deep: checked before the schema walks into them. */
const DEEPEST = 20;

/** Errors: `invalid_request`, with each problem's place below `path`. */
export const parseMetricQuery = (value: unknown, path: string): MetricQuery => {
  if (depthOf(value, DEEPEST + 1) > DEEPEST) throw new SophiaError('invalid_request', `The query is nested deeper than ${DEEPEST} levels.`);
  // The schema's static type is this interface, but for its recursion.
  if (schema.Check(value)) return value as MetricQuery;
  const problems = problemsOf(schema.Errors(value));
  throw new SophiaError('invalid_request', problems.map(({ path: place, message }) => `${path}${place || '/'} ${message}`).join('; '), {
    details: { problems: problems.map(({ path: place, message }) => ({ path: `${path}${place}`, message })) },
  });
};

interface Problem {
  readonly path: string;
  readonly message: string;
}

type SchemaProblem = ReturnType<typeof schema.Errors>[number];

/** What a filter that has none of their members is not. */
const FORMS = 'must be { field, operator, values }, { and: [...] }, { or: [...] } or { not: ... }';

/** Of a filter, whose form is one of several, only what is wrong with the form that it has. */
function problemsOf(found: readonly SchemaProblem[]): readonly Problem[] {
  const otherForms = found.filter(({ keyword, schemaPath }) => keyword === 'required' && /\/anyOf\/\d+$/.test(schemaPath));
  const own = found.filter(({ schemaPath }) => !otherForms.some((form) => `${schemaPath}/`.startsWith(`${form.schemaPath}/`)));
  const messages = new Map<string, string[]>();
  const tell = (path: string, message: string): void => {
    const told = messages.get(path) ?? [];
    if (!told.includes(message)) messages.set(path, [...told, message]);
  };
  for (const problem of own) if (!IMPLIED.has(problem.keyword)) tell(problem.instancePath, messageOf(problem));
  for (const { instancePath } of otherForms) {
    if (!own.some((problem) => `${problem.instancePath}/`.startsWith(`${instancePath}/`))) tell(instancePath, FORMS);
  }
  return [...messages].map(([path, told]) => ({ path, message: told.join(' or ') }));
}

/** Said by others beside them. */
const IMPLIED: ReadonlySet<string> = new Set(['anyOf', 'boolean']);

function messageOf(problem: SchemaProblem): string {
  if (problem.keyword === 'enum') return `must be one of ${problem.params.allowedValues.join(', ')}`;
  if (problem.keyword === 'additionalProperties') return `must not have ${problem.params.additionalProperties.join(', ')}`;
  return problem.message;
}

const depthOf = (value: unknown, most: number): number => {
  if (typeof value !== 'object' || value === null || most === 0) return 0;
  let deepest = 0;
  for (const member of Object.values(value)) deepest = Math.max(deepest, depthOf(member, most - 1));
  return deepest + 1;
};
