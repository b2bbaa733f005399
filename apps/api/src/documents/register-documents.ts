import { createReadStream } from 'node:fs';
import { createRequire } from 'node:module';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import type { RouteExample } from '../routes/define-route.ts';
import { ProblemSchema } from '../routes/schemas.ts';

const TAGS = [
  { name: 'metrics', description: 'Questions and their answers, each with its freshness' },
  { name: 'records', description: 'What came in, with every version of it' },
  { name: 'imports', description: 'Streams of rows, with proof that all of them arrived' },
  { name: 'dead letters', description: 'Rejected rows: repair and replay' },
  { name: 'record types', description: 'Built-in types and those of the workspace' },
  { name: 'events', description: 'The log of committed facts' },
  { name: 'administration', description: 'Keys, workspaces, policies and audit' },
];

/** OpenAPI 3.1 from the schemas that validate; to be called before the routes are registered. */
export const registerOpenApi = async (app: FastifyInstance, version: string): Promise<void> => {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Sophia',
        version,
        description: 'Records from anywhere in one catalog that keeps every change; questions answered in milliseconds.',
      },
      tags: TAGS,
      components: {
        securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: 'An API key, or a token of a configured issuer' } },
      },
      security: [{ bearer: [] }],
    },
    hideUntagged: true,
    transform: ({ schema, url, route }) => {
      // Routes without a schema (health, the documents themselves) are not part of the interface.
      if (schema === undefined) return { url, schema: { hide: true } };
      const { examples = [], documentedBody } = route.config ?? {};
      const response = { ...(schema.response as object), default: { description: 'A problem document (RFC 9457)', ...ProblemSchema } };
      const body = schema.body ?? documentedBody;
      return {
        url,
        schema: {
          ...schema,
          ...(body === undefined ? {} : { body: withExamples(body as object, examples) }),
          ...describeExamples(schema.description, examples),
          response,
        },
      };
    },
  });
};

/** The documents that are made from it, for people and tools; to be called after the routes are registered. */
export const registerDocuments = async (app: FastifyInstance): Promise<void> => {
  await app.register(swaggerUi, { routePrefix: '/docs', uiConfig: { deepLinking: true, persistAuthorization: false } });
  const config = { public: true };
  app.get('/openapi.json', { config }, () => app.swagger());
  app.get('/redoc', { config }, (_request, reply) => reply.type('text/html; charset=utf-8').send(REDOC_PAGE));
  app.get('/redoc/redoc.standalone.js', { config }, (_request, reply) =>
    reply.type('text/javascript; charset=utf-8').send(createReadStream(REDOC_BUNDLE)),
  );
  app.get('/postman.json', { config }, async () => {
    collection ??= postmanCollection(app.swagger());
    return collection;
  });
  let collection: Promise<unknown> | undefined;
};

const REDOC_BUNDLE = createRequire(import.meta.url).resolve('redoc/bundles/redoc.standalone.js');
const REDOC_PAGE = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Sophia API</title><meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><redoc spec-url="/openapi.json"></redoc><script src="/redoc/redoc.standalone.js"></script></body>
</html>
`;

/** Bodies that are JSON; streamed rows stand in the description. */
const withExamples = (body: object, examples: readonly RouteExample[]): object => {
  const bodies = examples.map((example) => example.body).filter((value) => typeof value === 'object');
  return bodies.length === 0 ? body : { ...body, examples: bodies };
};

const describeExamples = (description: string | undefined, examples: readonly RouteExample[]): { description: string } => ({
  description: [description ?? '', ...examples.map(({ summary, path, status }) => `- ${summary}: \`${path}\` answers ${status}`)]
    .filter((line) => line !== '')
    .join('\n'),
});

const postmanCollection = async (openapi: object): Promise<unknown> => {
  const { default: converter } = await import('openapi-to-postmanv2');
  return new Promise((resolve, reject) => {
    converter.convert({ type: 'json', data: openapi }, { folderStrategy: 'Tags', requestNameSource: 'Fallback' }, (error, result) => {
      const output = result?.output?.[0]?.data;
      if (error !== null || output === undefined) reject(error ?? new Error(result?.reason ?? 'no collection'));
      else resolve(output);
    });
  });
};
