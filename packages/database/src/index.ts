export type * from './database.ts';
export { sqlStateOf } from './postgres/postgres-errors.ts';
