export type * from './database.ts';
export { isUniqueViolation, sqlStateOf } from './postgres/postgres-errors.ts';
