import { requireInstallationAdministrator } from '@sophia/auth';
import type { FastifyInstance } from 'fastify';
import type { ApiServices } from '../services.ts';
import { ConfigurationSchema } from './answers/configuration-answer.ts';
import { defineRoute } from './define-route.ts';

/** What the process runs with, for those who run it. */
export const registerConfigurationRoutes = (app: FastifyInstance, services: ApiServices): void => {
  defineRoute(app, {
    method: 'GET',
    url: '/configuration',
    operation: 'getConfiguration',
    summary: 'The configuration in force and where each value comes from, secrets masked; administrators of the installation only',
    tag: 'administration',
    responses: { 200: ConfigurationSchema },
    examples: [{ summary: 'The configuration', path: '/api/v1/configuration', status: 200 }],
    handle: async ({ call }) => {
      await requireInstallationAdministrator(services, call, 'configuration.read', 'configuration');
      await services.audit.read({
        call,
        action: 'configuration.read',
        object: 'configuration',
        rows: services.settings.length,
        milliseconds: 0,
      });
      return { settings: services.settings };
    },
  });
};
