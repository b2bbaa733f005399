import type { Logger } from '@sophia/observability';

/** Attempts at ticks that failed, in a row. */
export interface TickFailures {
  add(error: unknown): void;
  /** One succeeded. */
  end(): void;
}

/** Tells of the first of a row, and how many they were: while the database is away there are ten a second. */
export const createTickFailures = (logger: Logger): TickFailures => {
  let failures = 0;
  return {
    add(error) {
      if (failures === 0) logger.warn({ err: error }, 'no tick could be made');
      failures++;
    },
    end() {
      if (failures > 0) logger.info({ failures }, 'ticks can be made again');
      failures = 0;
    },
  };
};
