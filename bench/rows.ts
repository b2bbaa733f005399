import type { BenchRow } from './protocol.ts';
import { cachedRead } from './rows/01-cached-read.ts';
import { recordRead } from './rows/02-record-read.ts';
import { bulkIngest } from './rows/04-bulk-ingest.ts';
import { singleWrites } from './rows/05-single-writes.ts';
import { metricQueries } from './rows/06-metric-queries.ts';
import { cacheHit } from './rows/07-cache-hit.ts';
import { eventLog } from './rows/10-event-log.ts';

/** Every benchmark, in the order of the table of targets. */
export const ROWS: readonly BenchRow[] = [cachedRead, recordRead, bulkIngest, singleWrites, metricQueries, cacheHit, eventLog];
