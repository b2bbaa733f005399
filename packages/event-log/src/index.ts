export type * from './event-log.ts';
export { observeEventLog } from './event-log-metrics.ts';
