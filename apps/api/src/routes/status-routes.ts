import { requireInstallationAdministrator } from '@sophia/auth';
import type { FastifyInstance } from 'fastify';
import type { ApiServices } from '../services.ts';
import type { Answer } from './answers/answer-of.ts';
import { type InstanceSchema, StatusSchema } from './answers/status-answers.ts';
import { defineRoute } from './define-route.ts';

type GroupLag = Awaited<ReturnType<ApiServices['eventLog']['lag']>>[number];

const instanceStatus = ({ instance, members, seconds, setAside }: GroupLag): Answer<typeof InstanceSchema>[] =>
  instance === null ? [] : [{ instance, running: members > 0, lag_seconds: seconds, set_aside: setAside }];

/** How the platform is, for those who run it. */
export const registerStatusRoutes = (app: FastifyInstance, services: ApiServices): void => {
  const { analytics, eventLog, observability, health } = services;
  defineRoute(app, {
    method: 'GET',
    url: '/status',
    operation: 'getStatus',
    summary:
      'Health of each dependency, how far the warehouse is behind, caches, freshness and slow queries; administrators of the installation only',
    tag: 'administration',
    responses: { 200: StatusSchema },
    examples: [{ summary: 'The status', path: '/api/v1/status', status: 200 }],
    handle: async ({ call }): Promise<Answer<typeof StatusSchema>> => {
      await requireInstallationAdministrator(services, call, 'status.read', 'status');
      await services.audit.read({ call, action: 'status.read', object: 'status', milliseconds: 0 });
      const [report, projection, freshness, lags] = await Promise.all([
        health(),
        analytics.status(),
        analytics.freshness(call),
        eventLog.lag(),
      ]);
      const { readPoint, instance, generation, setAside, lagSeconds, problems, caches } = projection;
      return {
        ...report,
        process: { id: process.pid, uptime_seconds: Math.round(process.uptime()), memory_bytes: process.memoryUsage.rss() },
        warehouse: {
          position: readPoint.position,
          complete_to: readPoint.completeTo,
          generation,
          set_aside: setAside,
          lag_seconds: lagSeconds,
          // Of all instances over the database, this one among them.
          ...(instance === null ? {} : { instance, instances: lags.flatMap(instanceStatus) }),
          problems: problems.filter(({ workspace }) => workspace === call.principal.workspace).flatMap((each) => each.problems),
        },
        caches,
        freshness,
        slow_queries: {
          threshold_milliseconds: observability.slowQueries.threshold,
          queries: observability.slowQueries.list().map(({ totalMilliseconds, maximumMilliseconds, ...query }) => ({
            ...query,
            total_milliseconds: totalMilliseconds,
            maximum_milliseconds: maximumMilliseconds,
          })),
        },
      };
    },
  });
};
