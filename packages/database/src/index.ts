export { type BoundColumn, type BoundRows, boundRows } from './bound-rows.ts';
export { boundedPage, jsonBytes } from './bounded-page.ts';
export type * from './database.ts';
export { isUniqueViolation, sqlStateOf } from './postgres/postgres-errors.ts';
