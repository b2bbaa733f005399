export { type BoundColumn, type BoundRows, boundRows } from './bound-rows.ts';
export { boundedPage, mostBytesOf, PAGE_BYTES } from './bounded-page.ts';
export type * from './database.ts';
export { keepSession } from './keep-session.ts';
export { isLockTimeout, isUniqueViolation, sqlStateOf } from './postgres/postgres-errors.ts';
