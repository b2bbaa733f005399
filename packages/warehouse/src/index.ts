export type * from './warehouse.ts';
