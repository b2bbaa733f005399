import { SophiaError } from '@sophia/shared';
import type { ErrorCodeName } from '@sophia/types';
import type { TLocalizedValidationError } from 'typebox/error';
import { fewOf, problemDetails } from '../server/told-problems.ts';

/** What a schema found wrong, as an error that tells each problem's place below `path`. */
export const shapeError = (code: ErrorCodeName, path: string, found: readonly SchemaProblem[]): SophiaError => {
  const problems = problemsOf(found).map((problem) => ({ ...problem, path: `${path}${problem.path}` }));
  const told = problems.map(({ path: place, message }) => `${place || '/'} ${message}`);
  return new SophiaError(code, fewOf(told, '; '), { details: problemDetails(problems) });
};

interface Problem {
  readonly path: string;
  readonly message: string;
}

export type SchemaProblem = TLocalizedValidationError;

/** What a filter that has none of their members is not. */
const FORMS = 'must be { field, operator, values }, { and: [...] }, { or: [...] } or { not: ... }';

/** Of a filter, whose form is one of several, only what is wrong with the form that it has. */
function problemsOf(found: readonly SchemaProblem[]): readonly Problem[] {
  const otherForms = found.filter(({ keyword, schemaPath }) => keyword === 'required' && /\/anyOf\/\d+$/.test(schemaPath));
  const own = found.filter((problem) => !IMPLIED.has(problem.keyword) && !otherForms.some((form) => isWithin(problem, form)));
  const messages = new Map<string, string[]>();
  const tell = (path: string, message: string): void => {
    const told = messages.get(path) ?? [];
    if (!told.includes(message)) messages.set(path, [...told, message]);
  };
  for (const problem of own) tell(problem.instancePath, messageOf(problem));
  for (const { instancePath } of otherForms) {
    if (!own.some((problem) => `${problem.instancePath}/`.startsWith(`${instancePath}/`))) tell(instancePath, FORMS);
  }
  return [...messages].map(([path, told]) => ({ path, message: told.join(' or ') }));
}

/** Whether it is a problem of that form, and of the same filter. */
const isWithin = (problem: SchemaProblem, form: SchemaProblem): boolean =>
  `${problem.schemaPath}/`.startsWith(`${form.schemaPath}/`) && `${problem.instancePath}/`.startsWith(`${form.instancePath}/`);

/** Said by others beside them. */
const IMPLIED: ReadonlySet<string> = new Set(['anyOf', 'boolean']);

function messageOf(problem: SchemaProblem): string {
  if (problem.keyword === 'enum') return `must be one of ${problem.params.allowedValues.join(', ')}`;
  if (problem.keyword === 'additionalProperties') return `must not have ${fewOf(problem.params.additionalProperties, ', ')}`;
  return problem.message;
}
