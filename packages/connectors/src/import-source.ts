import type { RecordTypeDefinition } from '@sophia/types';
import type { ImportItem, ImportRow, ImportTarget } from './import-item.ts';
import { compileMapping } from './mapping/compile-mapping.ts';
import type { Mapping } from './mapping/mapping.ts';
import { checkMapping } from './mapping/match-mapping.ts';
import { compilePlainRow } from './mapping/plain-row.ts';
import { type AskFormat, resolveFormats } from './mapping/resolve-formats.ts';
import type { Source } from './read/source.ts';
import type { SourceRow } from './read/source-row.ts';

/** A source with its mapping, ready to be imported. */
export interface MappedSource {
  /** With the formats that were found out. */
  readonly mapping: Mapping;
  readonly items: AsyncIterable<ImportItem>;
}

/**
 * Makes a source's rows those of the mapping's record type. The source is taken over: it is closed when its items end or
 * are left, and when this fails. Errors: `mapping_mismatch`, `ambiguous_date_format`, `ambiguous_number_format`; while
 * reading those of the source.
 */
export async function mapSource(
  source: Source,
  mapping: Mapping,
  definition: RecordTypeDefinition,
  ask?: AskFormat,
): Promise<MappedSource> {
  try {
    checkMapping(mapping, source);
    const resolved = await resolveFormats(mapping, definition, source.columns, source.sample, ask);
    const target = { recordType: mapping.record_type, sourceSystem: mapping.source_system };
    return { mapping: resolved, items: importItems(source, target, compileMapping(resolved, definition, source.columns)) };
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** What a table of such rows must have; its other columns are the type's fields. */
export const PLAIN_COLUMNS: readonly string[] = ['source_id'];

/**
 * Rows that need no mapping: columns and members are the type's fields by name, with `source_id`, `occurred_at`,
 * `source_version`, `business_priority` and `deleted` beside them. The source is taken over, as by `mapSource`.
 */
export const plainItems = (source: Source, target: ImportTarget): AsyncIterable<ImportItem> =>
  importItems(source, target, compilePlainRow(source.columns));

function importItems(source: Source, target: ImportTarget, toRow: (row: SourceRow) => ImportRow): AsyncIterable<ImportItem> {
  const batches = source.rows[Symbol.asyncIterator]();
  const next = async (): Promise<IteratorResult<ImportItem>> => {
    const { done, value } = await batches.next();
    if (done === true) return finish();
    return { done: false, value: { kind: 'rows', target, rows: value.map(toRow), bytesRead: source.progress().bytesRead } };
  };
  const finish = async (): Promise<IteratorResult<ImportItem>> => {
    await batches.return?.();
    await source.close();
    return { done: true, value: undefined };
  };
  const iterator: AsyncIterator<ImportItem> = {
    next: () =>
      next().catch(async (error: unknown) => {
        await source.close();
        throw error;
      }),
    // No generator: one that is left before its first item would not notice.
    return: finish,
  };
  return { [Symbol.asyncIterator]: () => iterator };
}
