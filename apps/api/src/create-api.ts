import type { FastifyInstance } from 'fastify';
import { registerDocuments, registerOpenApi } from './documents/register-documents.ts';
import { registerAdministrationRoutes } from './routes/administration-routes.ts';
import { registerBackupRoutes } from './routes/backup-routes.ts';
import { registerConfigurationRoutes } from './routes/configuration-routes.ts';
import { registerDeadLetterRoutes } from './routes/dead-letter-routes.ts';
import { registerErrorRoutes } from './routes/error-routes.ts';
import { registerEventRoutes } from './routes/event-routes.ts';
import { registerHealthRoutes } from './routes/health-routes.ts';
import { registerImportRoutes } from './routes/import-routes.ts';
import { registerMetricRoutes } from './routes/metric-routes.ts';
import { registerProjectionRoutes } from './routes/projection-routes.ts';
import { registerRecordRoutes } from './routes/record-routes.ts';
import { registerRecordTypeRoutes } from './routes/record-type-routes.ts';
import { registerSetAsideRoutes } from './routes/set-aside-routes.ts';
import { registerStartImportRoutes } from './routes/start-import-routes.ts';
import { registerStatusRoutes } from './routes/status-routes.ts';
import { type ApiServer, createApiServer } from './server/api-server.ts';
import type { ApiServices } from './services.ts';

/** REST over the services, with its documents. */
export const createApi = (services: ApiServices): Promise<ApiServer> => createApiServer(services, registerRoutes);

const registerRoutes = async (app: FastifyInstance, services: ApiServices): Promise<void> => {
  await registerOpenApi(app, services.version);
  registerHealthRoutes(app, services);
  registerErrorRoutes(app);
  registerMetricRoutes(app, services);
  await registerRecordRoutes(app, services);
  registerRecordTypeRoutes(app, services);
  registerImportRoutes(app, services);
  await registerStartImportRoutes(app, services);
  registerDeadLetterRoutes(app, services);
  registerEventRoutes(app, services);
  registerAdministrationRoutes(app, services);
  registerProjectionRoutes(app, services);
  registerSetAsideRoutes(app, services);
  registerStatusRoutes(app, services);
  registerConfigurationRoutes(app, services);
  registerBackupRoutes(app, services);
  await registerDocuments(app);
};
