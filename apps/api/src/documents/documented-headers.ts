import type { FastifySchema } from 'fastify';
import Type, { type TSchema } from 'typebox';

/** Read before a handler runs, on every route that asks who is there. */
const EVERYWHERE = {
  'sophia-workspace': Type.Optional(Type.String({ description: 'Name of the workspace, where the credential is for several' })),
};

const CACHE = {
  'sophia-cache': Type.Optional(Type.Enum(['use', 'bypass'], { description: 'bypass computes the answer anew' })),
};
const IF_NONE_MATCH = {
  'if-none-match': Type.Optional(Type.String({ description: 'Entity tags of answers that are known, or *: 304 where one of them holds' })),
};

/** Headers that handlers read themselves. */
const OF_ROUTES: Readonly<Record<string, Readonly<Record<string, TSchema>>>> = {
  'POST /api/v1/metrics/query': CACHE,
  'GET /api/v1/metrics/query': { ...CACHE, ...IF_NONE_MATCH },
  'GET /api/v1/records/:type/:id': IF_NONE_MATCH,
};

/** Every header that the route reads, whether the framework checks it or not. */
export const documentedHeaders = (route: string, { headers, security }: FastifySchema): TSchema => {
  const isOpen = security?.length === 0;
  return Type.Object({ ...Object(headers).properties, ...OF_ROUTES[route], ...(isOpen ? {} : EVERYWHERE) });
};
