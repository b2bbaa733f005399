import type { PlacedRow } from './round.ts';

/** Rows of one transaction: a few dozen milliseconds. */
export const CHUNK_ROWS = 2_500;
/** Each further row of a key takes a statement of its own. */
const CHUNK_WAVES = 64;

/** A lane's share of a round in transactions, one after the other: each has few enough rows, and few enough of each key. */
export function cutChunks(rows: readonly PlacedRow[]): (readonly PlacedRow[])[] {
  const chunks: PlacedRow[][] = [];
  let chunk: PlacedRow[] = [];
  let counts = new Map<string, number>();
  for (const row of rows) {
    const key = row.prepared.record?.key;
    const count = key === undefined ? 0 : (counts.get(key) ?? 0);
    if (chunk.length >= CHUNK_ROWS || count >= CHUNK_WAVES) {
      chunks.push(chunk);
      chunk = [];
      counts = new Map();
    }
    if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1);
    chunk.push(row);
  }
  if (chunk.length > 0) chunks.push(chunk);
  return chunks;
}
