export { createApi } from './create-api.ts';
export type { ApiServer } from './server/api-server.ts';
export type { ApiServices } from './services.ts';
