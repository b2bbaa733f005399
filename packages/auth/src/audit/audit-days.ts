import type { Database } from '@sophia/database';
import type { Observability } from '@sophia/observability';
import type { Clock } from '@sophia/shared';
import { EXPIRE_DAYS, PREPARE_DAYS } from './audit-statements.ts';

export interface AuditDays {
  /** Makes the partitions of the days to come and drops those that are past keeping. */
  tend(): Promise<void>;
  close(): Promise<void>;
}

export interface AuditDaysOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly observability: Pick<Observability, 'logger'>;
  readonly retentionDays: number;
}

const DAYS_AHEAD = 7;
const INTERVAL = 3_600_000;
const DAY = 86_400_000;

/** Keeps the audit's partitions, now and each hour. */
export function createAuditDays({ database, clock, observability, retentionDays }: AuditDaysOptions): AuditDays {
  let running: Promise<void> | undefined;
  const dayOf = (milliseconds: number): string => new Date(milliseconds).toISOString().slice(0, 10);
  const run = async (): Promise<void> => {
    const now = clock.now();
    // From yesterday on: entries may have waited over midnight.
    await database.write([], (transaction) => database.query(transaction, PREPARE_DAYS, [dayOf(now - DAY), DAYS_AHEAD + 2]));
    await database.write([], (transaction) => database.query(transaction, EXPIRE_DAYS, [dayOf(now - retentionDays * DAY)]));
  };
  const tend = (): Promise<void> => {
    running ??= run().finally(() => {
      running = undefined;
    });
    return running;
  };
  const timer = setInterval(() => {
    tend().catch((error: unknown) => observability.logger.error({ err: error }, 'the partitions of the audit could not be kept'));
  }, INTERVAL);
  timer.unref();
  return {
    tend,
    async close() {
      clearInterval(timer);
      // Whoever began it hears of its failure.
      await running?.catch(() => undefined);
    },
  };
}
