import { setTimeout as delay } from 'node:timers/promises';
import type { ImportItem, ImportRow } from '../catalog.ts';

/** The row of a number: always the same one. Every hundredth is not fit to be written, every fiftieth is the one before again. */
const numberedRow = (number: number): ImportRow => {
  const named = number % 50 === 0 ? number - 1 : number;
  return {
    line: number,
    source_id: `N-${named}`,
    fields: { name: `Product ${named}`, list_price: number % 100 === 7 ? 'dear' : `${named}.5` },
    repairs: number % 10 === 0 ? ['tens'] : [],
  };
};

/** So many rows in batches of uneven size, without haste, so that a process can be killed among them. */
export async function* numberedItems(rows: number, milliseconds = 2): AsyncGenerator<ImportItem> {
  for (let from = 1; from <= rows; ) {
    const size = Math.min(37 + (from % 211), rows - from + 1);
    yield {
      kind: 'rows',
      target: { recordType: 'product', sourceSystem: 'shop' },
      rows: Array.from({ length: size }, (_, index) => numberedRow(from + index)),
      bytesRead: from + size - 1,
    };
    from += size;
    await delay(milliseconds);
  }
}
