import type { FastifySchema, RouteOptions } from 'fastify';
import type { RouteExample } from '../routes/define-route.ts';
import { ProblemSchema } from '../routes/schemas.ts';
import { documentedHeaders } from './documented-headers.ts';
import { exampledProperties, parametersOf } from './exampled-properties.ts';
import { SENT_HEADERS } from './place-headers.ts';

const JSON_TYPE = 'application/json';
/** Carries the examples of bodies through the plugin, which knows one list for all content types. */
const EXAMPLES = 'x-body-examples';

/** What OpenAPI says of a route: the schemas that validate it, and what the handler checks or sends itself. */
export const routeDocument = ({ method, url, schema = {}, config }: RouteOptions): FastifySchema => {
  const { examples = [], documentedBody, sends = {} } = config ?? {};
  const [first] = examples;
  const body = exampledProperties(schema.body ?? documentedBody, first?.form);
  const parameters = first === undefined ? undefined : parametersOf(url, first.path);
  return {
    ...schema,
    ...(schema.params === undefined ? {} : { params: exampledProperties(schema.params, parameters?.path) }),
    ...(schema.querystring === undefined ? {} : { querystring: exampledProperties(schema.querystring, parameters?.query) }),
    ...(body === undefined ? {} : { body, [EXAMPLES]: examples }),
    ...{ [SENT_HEADERS]: sends },
    headers: documentedHeaders(`${method} ${url}`, schema),
    description: describeExamples(schema.description, examples),
    response: { ...Object(schema.response), default: PROBLEM },
  };
};

const PROBLEM = {
  description: 'A problem document (RFC 9457)',
  content: { 'application/problem+json': { schema: ProblemSchema } },
};

/** Gives each content type of a body the examples that are of it. */
export const placeBodyExamples = <Document extends { readonly paths?: object }>(document: Document): Document => {
  for (const item of Object.values(document.paths ?? {})) {
    for (const operation of Object.values(Object(item))) if (isWithExamples(operation)) placeExamples(operation);
  }
  return document;
};

interface OperationWithExamples {
  [EXAMPLES]?: readonly RouteExample[];
  readonly requestBody: { readonly content: Record<string, { readonly schema?: object; readonly examples?: object }> };
}

/** Only `routeDocument` sets it, beside a body. */
const isWithExamples = (value: unknown): value is OperationWithExamples => typeof value === 'object' && value !== null && EXAMPLES in value;

const placeExamples = (operation: OperationWithExamples): void => {
  const { [EXAMPLES]: examples = [], requestBody } = operation;
  delete operation[EXAMPLES];
  for (const [type, { schema = {} }] of Object.entries(requestBody.content)) {
    requestBody.content[type] = { schema, examples: examplesOf(type, examples) };
  }
};

const examplesOf = (type: string, examples: readonly RouteExample[]): object =>
  Object.fromEntries(
    examples
      .filter(({ body, headers }) => body !== undefined && typeOf(headers) === (OTHER_NAMES.get(type) ?? type))
      .map(({ summary, body, form, status }, index) => [
        `example${index + 1}`,
        { summary: `${summary} (answers ${status})`, value: form ?? body },
      ]),
  );

/** Of types that several names stand for, that which examples have. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ['application/ndjson', 'application/x-ndjson'],
  ['application/jsonl', 'application/x-ndjson'],
]);

const typeOf = (headers: RouteExample['headers']): string | undefined => (headers?.['content-type'] ?? JSON_TYPE).split(';')[0];

const describeExamples = (description: string | undefined, examples: readonly RouteExample[]): string =>
  [description ?? '', ...examples.map(({ summary, path, status }) => `- ${summary}: \`${path}\` answers ${status}`)]
    .filter((line) => line !== '')
    .join('\n');
