import type { CallOptions, Database, Statement } from '@sophia/database';
import type { Transaction } from '@sophia/types';

/** Runs one statement somewhere: in a transaction, or by itself. */
export type Select = <Row extends object>(statement: Statement, values: readonly unknown[]) => Promise<Row[]>;

/** Every statement by itself; the log role sees all workspaces. */
export const selectFrom =
  (database: Database, { deadline, signal }: CallOptions = {}): Select =>
  (statement, values) =>
    database.select([], statement, values, { deadline, signal });

export const selectIn =
  (database: Database, transaction: Transaction): Select =>
  (statement, values) =>
    database.query(transaction, statement, values);
