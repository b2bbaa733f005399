import type { RecordTypeDefinition } from '@sophia/types';
import { compileMapping } from '../mapping/compile-mapping.ts';
import type { Mapping } from '../mapping/mapping.ts';
import type { SingerStream } from './read-singer.ts';
import { isDeleted, isOwnColumn } from './singer-record-type.ts';

/** The stream whose records a mapping makes rows of. What Singer's tools add, declared or not, is left out unless the mapping reads it. */
export function mapStream(mapping: Mapping, definition: RecordTypeDefinition): SingerStream {
  const mapRow = compileMapping(mapping, definition, undefined, isOwnColumn);
  return {
    target: { recordType: mapping.record_type, sourceSystem: mapping.source_system },
    toRow: (record, line) => mapRow({ line, values: record, deleted: isDeleted(record) }),
  };
}
