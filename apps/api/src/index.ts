export { createApi } from './create-api.ts';
export type { ApiServer } from './server/api-server.ts';
export type { Allowance, ApiServices, Authentication, HealthReport } from './services.ts';
