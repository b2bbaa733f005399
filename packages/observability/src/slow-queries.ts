import { createHash } from 'node:crypto';
import type { Clock } from '@sophia/shared';
import type { Logger } from './logger.ts';

export interface SlowQuery {
  /** The same for statements that differ only in their literals. */
  readonly fingerprint: string;
  /** `postgres` or `duckdb`. */
  readonly system: string;
  /** The statement without its literals, at most 2,000 characters. */
  readonly text: string;
  readonly count: number;
  readonly totalMilliseconds: number;
  readonly maximumMilliseconds: number;
  /** ISO 8601. */
  readonly last: string;
}

export interface SlowQueries {
  /** Milliseconds beyond which a query is slow. */
  readonly threshold: number;
  /** Notes a query if it was slow; else costs one comparison. */
  observe(system: string, text: string, milliseconds: number): void;
  /** Slowest first. */
  list(): SlowQuery[];
}

export interface SlowQueriesOptions {
  readonly threshold: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How many fingerprints are kept, least recently seen go first; 100 unless told. */
  readonly capacity?: number | undefined;
}

const MAXIMUM_TEXT = 2_000;

/** The slow queries of late, by fingerprint, within bounded memory; each is logged too. */
export function createSlowQueries({ threshold, clock, logger, capacity = 100 }: SlowQueriesOptions): SlowQueries {
  const queries = new Map<string, SlowQuery>();
  return {
    threshold,
    observe(system, text, milliseconds) {
      if (milliseconds <= threshold) return;
      const general = withoutLiterals(text);
      const fingerprint = createHash('sha256').update(`${system}\u0000${general}`).digest('hex').slice(0, 16);
      const before = queries.get(fingerprint);
      // Deleted and set again, the map's order is that of the last occurrence.
      queries.delete(fingerprint);
      queries.set(fingerprint, {
        fingerprint,
        system,
        text: general,
        count: (before?.count ?? 0) + 1,
        totalMilliseconds: (before?.totalMilliseconds ?? 0) + milliseconds,
        maximumMilliseconds: Math.max(before?.maximumMilliseconds ?? 0, milliseconds),
        last: new Date(clock.now()).toISOString(),
      });
      const [oldest] = queries.keys();
      if (queries.size > capacity && oldest !== undefined) queries.delete(oldest);
      logger.warn({ fingerprint, system, milliseconds, statement: general.slice(0, 300) }, 'slow query');
    },
    list: () => [...queries.values()].sort((one, other) => other.maximumMilliseconds - one.maximumMilliseconds),
  };
}

/** Statements are cut before they are read: one with a million literals must not stop the process. */
function withoutLiterals(text: string): string {
  return text
    .slice(0, 10 * MAXIMUM_TEXT)
    .replace(/'(?:[^']|'')*'/g, '?')
    .replace(/(?<![\w$"])-?\d+(?:\.\d+)?\b/g, '?')
    .replace(/\?(?:\s*,\s*\?)+/g, '?')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, MAXIMUM_TEXT);
}
