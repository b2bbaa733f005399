export * from './environmental-error.ts';
export type * from './warehouse.ts';
