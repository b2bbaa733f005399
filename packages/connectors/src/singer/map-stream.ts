import type { RecordTypeDefinition } from '@sophia/types';
import { compileMapping } from '../mapping/compile-mapping.ts';
import type { Mapping } from '../mapping/mapping.ts';
import type { SingerStream } from './read-singer.ts';
import type { SchemaMessage } from './singer-message.ts';
import { isDeleted, isOwnColumn, propertyNames } from './singer-record-type.ts';

/** The stream whose records a mapping makes rows of. What Singer's tools add is left out unless the mapping reads it. */
export function mapStream(message: SchemaMessage, mapping: Mapping, definition: RecordTypeDefinition): SingerStream {
  const ignore = [...mapping.ignore, ...propertyNames(message.schema).filter(isOwnColumn)];
  const mapRow = compileMapping({ ...mapping, ignore }, definition, undefined);
  return {
    target: { recordType: mapping.record_type, sourceSystem: mapping.source_system },
    toRow: (record, line) => mapRow({ line, values: record, deleted: isDeleted(record) }),
  };
}
