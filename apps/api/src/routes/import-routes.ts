import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { ApiServices } from '../services.ts';
import { ImportReportSchema, ImportsAnswerSchema } from './answers/import-answers.ts';
import { defineRoute } from './define-route.ts';

export const registerImportRoutes = (app: FastifyInstance, { catalog }: ApiServices): void => {
  defineRoute(app, {
    method: 'GET',
    url: '/imports',
    operation: 'listImports',
    summary: 'Imports, newest first, with their counts and progress',
    description: 'For whoever may read or write records of some type one by one, or administers.',
    tag: 'imports',
    query: Type.Object({
      state: Type.Optional(Type.Enum(['running', 'interrupted', 'finished', 'failed'])),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
      cursor: Type.Optional(Type.String({ maxLength: 4000 })),
    }),
    responses: { 200: ImportsAnswerSchema },
    examples: [{ summary: 'The last five', path: '/api/v1/imports?limit=5', status: 200 }],
    handle: async ({ call, query }) => {
      const page = await catalog.imports.list(call, query);
      return { imports: page.items, next_cursor: page.nextCursor };
    },
  });

  defineRoute(app, {
    method: 'GET',
    url: '/imports/:id',
    operation: 'getImport',
    summary: 'One import: read = created + updated + unchanged + rejected, repairs by rule, rate and time left',
    description: 'For whoever may read or write records of some type one by one, or administers.',
    tag: 'imports',
    params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) }),
    responses: { 200: ImportReportSchema },
    examples: [{ summary: 'No such import', path: '/api/v1/imports/unknown', status: 404 }],
    handle: ({ call, params }) => catalog.imports.get(call, params.id),
  });
};
