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
 * Makes a source's rows those of the mapping's record type. Errors: `mapping_mismatch`, `ambiguous_date_format`,
 * `ambiguous_number_format`; while reading those of the source.
 */
export async function mapSource(
  source: Source,
  mapping: Mapping,
  definition: RecordTypeDefinition,
  ask?: AskFormat,
): Promise<MappedSource> {
  checkMapping(mapping, source);
  const resolved = await resolveFormats(mapping, definition, source.columns, source.sample, ask);
  const target = { recordType: mapping.record_type, sourceSystem: mapping.source_system };
  return { mapping: resolved, items: importItems(source, target, compileMapping(resolved, definition, source.columns)) };
}

/**
 * Rows that need no mapping: columns and members are the type's fields by name, with `source_id`, `occurred_at`,
 * `source_version`, `business_priority` and `deleted` beside them.
 */
export const plainItems = (source: Source, target: ImportTarget): AsyncIterable<ImportItem> =>
  importItems(source, target, compilePlainRow(source.columns));

async function* importItems(source: Source, target: ImportTarget, toRow: (row: SourceRow) => ImportRow): AsyncGenerator<ImportItem> {
  for await (const rows of source.rows) {
    yield { kind: 'rows', target, rows: rows.map(toRow), bytesRead: source.progress().bytesRead };
  }
}
