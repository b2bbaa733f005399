import type { JsonObject } from '@sophia/types';
import type { ImportRow, WriteTarget } from '../catalog.ts';
import type { CatalogHarness } from './catalog-harness.ts';
import { target } from './deals.ts';
import { importStream } from './import-stream.ts';

export const row = (line: number, fields: JsonObject, id = `D-${line}`) => ({ line, source_id: id, fields });

/** A workspace of its own, with what a test of its rejected rows asks for. */
export async function rejectedRows(harness: CatalogHarness) {
  const { workspace, call, records, imports, deadLetters: letters } = await harness.fresh();
  /** The import's id. */
  const importRows = async (name: string, rows: readonly ImportRow[], into: WriteTarget = target): Promise<string> => {
    const { finished } = await imports.start(call, { name, kind: 'file' }, importStream({ kind: 'rows', target: into, rows }));
    return (await finished).id;
  };
  return { workspace, call, records, letters, importRows };
}

/** A type with one field, whose type is defined anew: what was rejected before is accepted then. */
export async function measured(harness: CatalogHarness, type: string) {
  const { call, letters, records, importRows } = await rejectedRows(harness);
  const target = { recordType: type, sourceSystem: 'lab' };
  return {
    call,
    letters,
    records,
    importRows,
    target,
    define: (size: string) => harness.catalog.recordTypes.define(call, type, { type: 'object', properties: { size: { type: size } } }),
    size: async (id: string) => (await records.getByKey(call, target, id)).data.size,
  };
}
