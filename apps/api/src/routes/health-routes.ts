import '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import type { ApiServices } from '../services.ts';

/** Liveness, readiness with each dependency, and Prometheus metrics: open, without workspace data. */
export const registerHealthRoutes = (app: FastifyInstance, { health, observability }: ApiServices): void => {
  const config = { public: true };
  const hide = { hide: true };
  app.get('/health/live', { config, schema: hide }, () => ({ status: 'live' }));
  for (const url of ['/health/ready', '/health', '/api/v1/health']) {
    app.get(url, { config, schema: hide }, async (_request, reply) => {
      const report = await health();
      return reply.code(report.status === 'ready' ? 200 : 503).send(report);
    });
  }
  app.get('/metrics', { config, schema: hide }, async (_request, reply) =>
    reply.type(observability.metrics.contentType).send(await observability.metrics.render()),
  );
};
