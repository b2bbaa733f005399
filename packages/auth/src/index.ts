export { requireAdministrator, requireInstallationAdministrator } from './administrators.ts';
export * from './audit/audit.ts';
export * from './auth.ts';
export type { Authentication } from './authentication.ts';
export type { ApiKey, ApiKeys, NewApiKey } from './keys/api-keys.ts';
export type { Directory, Policies, WorkspaceRules } from './policies/policies.ts';
export type { Allowance } from './rate-limit/rate-limiter.ts';
export { systemPrincipal } from './system-principal.ts';
export type { Workspace, WorkspaceSettings, Workspaces } from './workspaces/workspaces.ts';
