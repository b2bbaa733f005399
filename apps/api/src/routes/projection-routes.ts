import { Readable } from 'node:stream';
import type { RebuildProgress } from '@sophia/analytics';
import { requireInstallationAdministrator } from '@sophia/auth';
import type { Call } from '@sophia/types';
import type { FastifyInstance } from 'fastify';
import { problemDocument } from '../server/problem-document.ts';
import type { ApiServices } from '../services.ts';
import { RebuildAnswer } from './answers/projection-answers.ts';
import { auditingEnd } from './auditing-end.ts';
import { defineRoute } from './define-route.ts';

const WAREHOUSE = 'projection:warehouse';
/** Milliseconds between two lines of progress. */
const TELL_EVERY = 250;

export const registerProjectionRoutes = (app: FastifyInstance, services: ApiServices): void => {
  const { analytics, audit } = services;
  const rebuild = (call: Call, progress?: (state: RebuildProgress) => void) =>
    auditingEnd(audit, { call, action: 'projection.rebuild', object: WAREHOUSE }, () => analytics.rebuild(call, progress));

  defineRoute(app, {
    method: 'POST',
    url: '/projections/warehouse/rebuild',
    operation: 'rebuildWarehouse',
    summary:
      'Makes the warehouse anew from the log beside the one in use, compares every table, and switches; administrators of the installation only',
    description:
      'With `Accept: application/x-ndjson` the answer is lines `progress` while it runs, and a last line `rebuilt` or `problem`.',
    tag: 'administration',
    deadline: 24 * 3_600_000,
    responses: { 200: RebuildAnswer },
    examples: [{ summary: 'Rebuild', path: '/api/v1/projections/warehouse/rebuild', status: 200 }],
    handle: async ({ call, raw }, reply) => {
      await requireInstallationAdministrator(services, call, 'projection.rebuild', WAREHOUSE);
      if (raw.headers.accept?.includes('application/x-ndjson') !== true) return rebuild(call);
      const lines = new Readable({ read: () => undefined });
      const write = (line: object): void => void lines.push(`${JSON.stringify(line)}\n`);
      let told = 0;
      const progress = (state: RebuildProgress): void => {
        const now = performance.now();
        if (now - told < TELL_EVERY) return;
        told = now;
        write({ progress: state });
      };
      rebuild(call, progress)
        .then(
          (rebuilt) => write({ rebuilt }),
          (error: unknown) => write({ problem: problemDocument(error, raw.id) }),
        )
        .finally(() => lines.push(null));
      return reply.type('application/x-ndjson; charset=utf-8').send(lines);
    },
  });
};
