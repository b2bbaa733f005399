import '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { ApiServices } from '../services.ts';
import { HealthSchema, LivenessSchema } from './answers/health-answers.ts';

const open = (operationId: string, summary: string, response: object) => ({
  config: { public: true },
  schema: { operationId, summary, tags: ['health'], security: [], response },
  // As in the routes behind a key: the schema is for the documents.
  serializerCompiler: () => JSON.stringify,
});

const READINESS = [
  ['/health/ready', 'readiness'],
  ['/health', 'health'],
  ['/api/v1/health', 'apiHealth'],
] as const;

/** Liveness, readiness with each dependency, and Prometheus metrics: open, without workspace data. */
export const registerHealthRoutes = (app: FastifyInstance, { health, observability: { metrics } }: ApiServices): void => {
  const live = open('liveness', 'Whether the process answers at all', { 200: LivenessSchema });
  app.get('/health/live', live, () => ({ status: 'live' }));
  for (const [url, operation] of READINESS) {
    const ready = open(operation, 'Whether requests may be sent here, with each dependency', { 200: HealthSchema, 503: HealthSchema });
    app.get(url, ready, async (_request, reply) => {
      const report = await health();
      return reply.code(report.status === 'ready' ? 200 : 503).send(report);
    });
  }
  const text = { content: { 'text/plain': { schema: Type.String() } } };
  const exposed = open('metrics', 'Metrics of the process in Prometheus’ text format', { 200: text });
  app.get('/metrics', exposed, async (_request, reply) => reply.type(metrics.contentType).send(await metrics.render()));
};
