import { requireInstallationAdministrator } from '@sophia/auth';
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { ApiServices } from '../services.ts';
import { defineRoute } from './define-route.ts';

const MaybeText = Type.Union([Type.String(), Type.Null()]);

/** What the process runs with, for those who run it. */
export const registerConfigurationRoutes = (app: FastifyInstance, services: ApiServices): void => {
  defineRoute(app, {
    method: 'GET',
    url: '/configuration',
    operation: 'getConfiguration',
    summary: 'The configuration in force and where each value comes from, secrets masked; administrators of the installation only',
    tag: 'administration',
    responses: {
      200: Type.Object({
        settings: Type.Array(
          Type.Object({
            path: Type.String({ description: 'Place in the configuration file' }),
            variable: Type.String({ description: 'Environment variable' }),
            value: MaybeText,
            in_words: Type.Union([Type.String(), Type.Null()], {
              description: 'What holds, where it is a default that follows from other settings',
            }),
            origin: Type.Enum(['argument', 'environment', 'file', 'default']),
            description: Type.String(),
          }),
        ),
      }),
    },
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
