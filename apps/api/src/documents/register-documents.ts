import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { nameSchemas } from './name-schemas.ts';
import { placeHeaders } from './place-headers.ts';
import { type PostmanCollection, postmanCollection } from './postman-collection.ts';
import { placeBodyExamples, routeDocument } from './route-document.ts';
import { typeEnums } from './type-enums.ts';

const TAGS = [
  { name: 'metrics', description: 'Questions and their answers, each with its freshness' },
  { name: 'records', description: 'What came in, with every version of it' },
  { name: 'imports', description: 'Streams of rows, with proof that all of them arrived' },
  { name: 'dead letters', description: 'Rejected rows: repair and replay' },
  { name: 'record types', description: 'Built-in types and those of the workspace' },
  { name: 'events', description: 'The log of committed facts' },
  { name: 'administration', description: 'Keys, workspaces, policies and audit' },
  { name: 'health', description: 'Open to everyone: how the process is, its metrics, and what its error codes mean' },
];

/** OpenAPI 3.1 from the schemas that validate; to be called before the routes are registered. */
export const registerOpenApi = async (app: FastifyInstance, version: string): Promise<void> => {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Sophia',
        version,
        description:
          'Records from anywhere in one catalog that keeps every change; questions answered in milliseconds.\n\n' +
          'An Idempotency-Key holds for 24 hours on the routes that name it; any other POST that changes something refuses it.',
      },
      // Where the document comes from.
      servers: [{ url: '/' }],
      tags: TAGS,
      components: {
        securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: 'An API key, or a token of a configured issuer' } },
      },
      security: [{ bearer: [] }],
    },
    hideUntagged: true,
    transform: ({ schema, url, route }) => ({ url, schema: schema === undefined ? { hide: true } : routeDocument(route) }),
    transformObject: (document) =>
      'openapiObject' in document
        ? nameSchemas(typeEnums(placeHeaders(placeBodyExamples(document.openapiObject))))
        : document.swaggerObject,
    // Schemas that are used in several places stand once, under their own name.
    refResolver: { buildLocalReference: ({ $id, title }, _base, _fragment, index) => String($id ?? title ?? `schema-${index}`) },
  });
};

/** The documents that are made from it, for people and tools; to be called after the routes are registered. */
export const registerDocuments = async (app: FastifyInstance): Promise<void> => {
  await app.register(async (scope) => {
    scope.addHook('onSend', async (_request, _reply, payload) =>
      typeof payload === 'string' ? payload.replace(SWAGGERS_PLACE, `$&${WITHOUT_SCRIPTS}`) : payload,
    );
    await scope.register(swaggerUi, { routePrefix: '/docs', uiConfig: { deepLinking: true, persistAuthorization: false } });
  });
  const config = { public: true };
  // The address of the server alone leads to what it offers.
  app.get('/', { config }, (_request, reply) => reply.redirect('/docs'));
  app.get('/openapi.json', { config }, () => app.swagger());
  app.get('/redoc', { config }, (_request, reply) => reply.type('text/html; charset=utf-8').send(REDOC_PAGE));
  app.get('/redoc/redoc.standalone.js', { config }, async (_request, reply) =>
    reply.type('text/javascript; charset=utf-8').send((await readFile(REDOC_BUNDLE, 'utf8')).replaceAll(ITS_LOGO, NOTHING)),
  );
  app.get('/postman.json', { config }, async ({ protocol, host }, reply) => {
    collection ??= postmanCollection(app.swagger());
    const at = await collection;
    return reply.type('application/json; charset=utf-8').send(at(`${protocol}://${host}`));
  });
  let collection: Promise<PostmanCollection> | undefined;
};

const REDOC_BUNDLE = createRequire(import.meta.url).resolve('redoc/bundles/redoc.standalone.js');
/** It is fetched from elsewhere, which the headers forbid; where there is none, the page does without. */
const ITS_LOGO = 'https://cdn.redoc.ly/redoc/logo-mini.svg';
const NOTHING = 'data:,';
const WITHOUT_SCRIPTS =
  '<noscript>This page needs JavaScript. What it shows can be read at <a href="/openapi.json">/openapi.json</a>.</noscript>';
/** Stands in its page alone. */
const SWAGGERS_PLACE = '<div id="swagger-ui"></div>';
const REDOC_PAGE = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Sophia API</title><meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="${NOTHING}"></head>
<body>${WITHOUT_SCRIPTS}<redoc spec-url="/openapi.json"></redoc><script src="/redoc/redoc.standalone.js"></script></body>
</html>
`;
