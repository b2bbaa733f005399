import type { MetricAnswer } from '@sophia/types';

/** The part of an answer that caches keep: JSON text `{"columns":[…],"rows":[…]}`, in a buffer of its own. */
export const encodeAnswer = ({ columns, rows }: MetricAnswer): Buffer => {
  const text = `{"columns":${JSON.stringify(columns)},"rows":${JSON.stringify(rows)}}`;
  // A slice of Node's shared pool would keep the whole pool alive in the cache.
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  bytes.write(text);
  rowCounts.set(bytes, rows.length);
  return bytes;
};

const rowCounts = new WeakMap<Buffer, number>();

/** How many rows an encoded answer has. */
export const rowCountOf = (bytes: Buffer): number => rowCounts.get(bytes) ?? 0;
