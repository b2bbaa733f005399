import type { IncomingRecord } from '../rows/incoming-record.ts';

/**
 * A statement takes each key once, and what it says of a key again waits for the next one, so that
 * every accepted change has its own version and event. The wave of a row is how many rows before it
 * have its key.
 */
export function assignWaves(records: readonly IncomingRecord[]): { readonly waves: Int32Array; readonly count: number } {
  const waves = new Int32Array(records.length);
  const next = new Map<string, number>();
  let count = 0;
  records.forEach((record, index) => {
    const wave = next.get(record.key) ?? 0;
    next.set(record.key, wave + 1);
    waves[index] = wave;
    count = Math.max(count, wave + 1);
  });
  return { waves, count };
}
