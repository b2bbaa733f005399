import { type IncomingRecord, keyText } from '../rows/incoming-record.ts';

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
    const key = keyText(record);
    const wave = next.get(key) ?? 0;
    next.set(key, wave + 1);
    waves[index] = wave;
    count = Math.max(count, wave + 1);
  });
  return { waves, count };
}
