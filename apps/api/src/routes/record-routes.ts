import type { FastifyInstance } from 'fastify';
import type { ApiServices } from '../services.ts';
import { registerChangeRecordRoutes } from './change-record-routes.ts';
import { registerReadRecordRoutes } from './read-record-routes.ts';
import { registerWriteRecords } from './write-records-route.ts';

export const registerRecordRoutes = async (app: FastifyInstance, services: ApiServices): Promise<void> => {
  // In a scope of its own: the bodies of other routes are parsed by the framework.
  await app.register(async (scope) => registerWriteRecords(scope, services));
  registerReadRecordRoutes(app, services);
  registerChangeRecordRoutes(app, services);
};
