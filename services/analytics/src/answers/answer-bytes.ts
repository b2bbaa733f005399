import type { AnswerColumn } from '@sophia/types';

/**
 * The part of an answer that caches keep: JSON text `{"columns":[…],"rows":[…]}` of columnar values.
 * Values are canonical already (decimals as strings, periods as days).
 */
export const encodeAnswer = (columns: readonly AnswerColumn[], values: readonly (readonly unknown[])[], rowCount: number): Buffer => {
  const rows: unknown[][] = new Array(rowCount);
  for (let row = 0; row < rowCount; row += 1) {
    const cells = new Array<unknown>(columns.length);
    for (let column = 0; column < columns.length; column += 1) cells[column] = values[column]?.[row] ?? null;
    rows[row] = cells;
  }
  const text = `{"columns":${JSON.stringify(columns)},"rows":${JSON.stringify(rows)}}`;
  // A buffer of its own: slices of Node's shared pool would keep the whole pool alive in the cache.
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  bytes.write(text);
  return bytes;
};
