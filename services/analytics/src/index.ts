export * from './analytics.ts';
export type { AuditTrail, Collaborators, PolicyReader } from './collaborators.ts';
export { createAnalytics } from './create-analytics.ts';
export type { SourceActivity } from './freshness/source-activity.ts';
export type { RebuildProgress } from './projection/rebuild.ts';
export { WAREHOUSE_GROUP } from './projection/warehouse-projection.ts';
export type { WorkspaceCalendar } from './queries/prepared-queries.ts';
