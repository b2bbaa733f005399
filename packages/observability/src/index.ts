export type { LogDestination, Logger } from './logger.ts';
export { maskSecrets } from './mask-secrets.ts';
export * from './metrics.ts';
export * from './observability.ts';
export type { SlowQueries, SlowQuery } from './slow-queries.ts';
export * from './span.ts';
export type { ReadableTrace } from './trace-context.ts';
export * from './tracer.ts';
