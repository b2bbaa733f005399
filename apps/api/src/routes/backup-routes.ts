import { requireInstallationAdministrator } from '@sophia/auth';
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { ApiServices } from '../services.ts';
import { defineRoute } from './define-route.ts';

const CONTENT_TYPE = 'application/zstd';

export const registerBackupRoutes = (app: FastifyInstance, services: ApiServices): void => {
  defineRoute(app, {
    method: 'GET',
    url: '/backup',
    operation: 'getBackup',
    summary: 'Everything of all workspaces as of one moment, in one file for sophia restore; administrators of the installation only',
    tag: 'administration',
    deadline: 24 * 3_600_000,
    responses: { 200: { description: 'The file', content: { [CONTENT_TYPE]: { schema: Type.String({ format: 'binary' }) } } } },
    examples: [{ summary: 'A backup', path: '/api/v1/backup', status: 200 }],
    handle: async ({ call, raw }, reply) => {
      await requireInstallationAdministrator(services, call, 'backup', 'installation');
      // What nobody is sent is not made.
      if (raw.method === 'HEAD') return reply.type(CONTENT_TYPE).send();
      await services.audit.write({ call, action: 'backup', object: 'installation', milliseconds: 0 });
      const backup = services.backup().once('error', (error) => {
        services.observability.logger.error({ err: error, request_id: raw.id }, 'a backup was cut off');
      });
      return reply.type(CONTENT_TYPE).send(backup);
    },
  });
};
