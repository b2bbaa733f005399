import type { Call, JsonObject, Position } from '@sophia/types';
import { expect } from 'vitest';
import type { ImportItem, ImportOptions, ImportRow } from '../catalog.ts';
import type { CatalogHarness } from './catalog-harness.ts';

export const target = { recordType: 'product', sourceSystem: 'shop' };
export const row = (number: number, fields: JsonObject = {}, more: Partial<ImportRow> = {}): ImportRow => ({
  line: number,
  source_id: `P-${number}`,
  fields: { name: `n${number}`, ...fields },
  ...more,
});
export const rowsItem = (rows: readonly ImportRow[]): ImportItem => ({ kind: 'rows', target, rows });

/** A workspace of its own, with what a test of its imports asks for. */
export async function productImports(harness: CatalogHarness) {
  const { workspace, call, imports, records, deadLetters } = await harness.fresh();
  const run = async (options: Partial<ImportOptions>, items: AsyncIterable<ImportItem>) =>
    (await imports.start(call, { name: 'products.csv', kind: 'file', ...options }, items)).finished;
  const syncsSeenBy = async (reader: Call) => {
    // A page may be empty before the end: the log holds the events of all workspaces.
    const found: unknown[] = [];
    let page = await harness.catalog.events(reader, { kinds: ['sync.finished'], limit: 1_000 });
    for (let after: Position | null = null; after !== page.cursor; ) {
      found.push(...page.events.map(({ data }) => data));
      after = page.cursor;
      page = await harness.catalog.events(reader, { kinds: ['sync.finished'], limit: 1_000, after });
    }
    return found;
  };
  const syncs = () => syncsSeenBy(call);
  /** Waits until so many rows of the newest import are committed. */
  const committed = (rows: number) => async (): Promise<void> => {
    await expect.poll(async () => (await imports.list(call)).items[0]?.read).toBe(rows);
  };
  return { workspace, call, imports, records, deadLetters, run, syncs, syncsSeenBy, committed };
}
