import type { PostgresConnection } from '@sophia/database/postgres';

/** What a process needs to be a member of a group. */
export interface MemberInstructions {
  readonly app: PostgresConnection;
  readonly log: PostgresConnection;
  readonly group: string;
}

/** Idle ticks come sooner than in the product, so that tests need not wait for them. */
export const TICKER = { intervalMs: 5, idleMs: 250 };
