import '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { ApiServices } from '../services.ts';

const open = (operationId: string, summary: string, response: object) => ({
  config: { public: true },
  schema: { operationId, summary, tags: ['health'], security: [], response },
  // As in the routes behind a key: the schema is for the documents.
  serializerCompiler: () => JSON.stringify,
});

const Report = Type.Object(
  {
    status: Type.Enum(['ready', 'degraded', 'stopping']),
    version: Type.String(),
    dependencies: Type.Array(
      Type.Object({
        name: Type.String(),
        state: Type.Enum(['up', 'down']),
        milliseconds: Type.Optional(Type.Number()),
        code: Type.Optional(Type.Enum(['unavailable', 'late'], { description: 'Of one that is down' })),
        ahead_seconds: Type.Optional(
          Type.Number({ description: 'Of the event log: how far it is beyond the clock of the machine, where a clock was ahead before' }),
        ),
      }),
    ),
  },
  { title: 'Health' },
);
const READINESS = [
  ['/health/ready', 'readiness'],
  ['/health', 'health'],
  ['/api/v1/health', 'apiHealth'],
] as const;

/** Liveness, readiness with each dependency, and Prometheus metrics: open, without workspace data. */
export const registerHealthRoutes = (app: FastifyInstance, { health, observability: { metrics } }: ApiServices): void => {
  const live = open('liveness', 'Whether the process answers at all', { 200: Type.Object({ status: Type.Literal('live') }) });
  app.get('/health/live', live, () => ({ status: 'live' }));
  for (const [url, operation] of READINESS) {
    const ready = open(operation, 'Whether requests may be sent here, with each dependency', { 200: Report, 503: Report });
    app.get(url, ready, async (_request, reply) => {
      const report = await health();
      return reply.code(report.status === 'ready' ? 200 : 503).send(report);
    });
  }
  const text = { content: { 'text/plain': { schema: Type.String() } } };
  const exposed = open('metrics', 'Metrics of the process in Prometheus’ text format', { 200: text });
  app.get('/metrics', exposed, async (_request, reply) => reply.type(metrics.contentType).send(await metrics.render()));
};
