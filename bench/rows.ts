import type { BenchRow } from './protocol.ts';
import { cacheHit } from './rows/07-cache-hit.ts';

/** Every benchmark, in the order of the table of targets. */
export const ROWS: readonly BenchRow[] = [cacheHit];
