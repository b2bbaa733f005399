export type * from './cache.ts';
export * from './invalidation-bus.ts';
