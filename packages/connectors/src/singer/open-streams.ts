import { SophiaError } from '@sophia/shared';
import type { JsonObject, RecordTypeDefinition } from '@sophia/types';
import type { Mapping } from '../mapping/mapping.ts';
import { findMapping } from '../mapping/match-mapping.ts';
import { mapStream } from './map-stream.ts';
import type { SingerStream } from './read-singer.ts';
import type { SchemaMessage } from './singer-message.ts';
import { propertyNames, singerRecordType } from './singer-record-type.ts';

export interface StreamOptions {
  /** Of the record types that streams become without a mapping. */
  readonly sourceSystem: string;
  /** The first that fits a stream's name and properties is used. */
  readonly mappings: readonly Mapping[];
  readonly recordTypes: readonly RecordTypeDefinition[];
  /** Defines a record type by its JSON Schema, or changes it to that. */
  readonly define: (name: string, schema: JsonObject) => Promise<RecordTypeDefinition>;
}

/** Decides on streams for `readSinger`: by a mapping that fits, else as a record type of their own. */
export function createStreamOpener(options: StreamOptions): (message: SchemaMessage) => Promise<SingerStream> {
  const builtin = new Set(options.recordTypes.filter((type) => type.origin === 'builtin').map((type) => type.name));
  return async (message) => {
    const mapping = findMapping(options.mappings, { name: message.stream, columns: propertyNames(message.schema), sample: [] });
    if (mapping !== undefined) return mapStream(message, mapping, typeOf(mapping, options.recordTypes));
    const own = singerRecordType(message, options.sourceSystem, builtin);
    return mapStream(message, own.mapping, await options.define(own.name, own.schema));
  };
}

function typeOf(mapping: Mapping, recordTypes: readonly RecordTypeDefinition[]): RecordTypeDefinition {
  const definition = recordTypes.find((type) => type.name === mapping.record_type);
  if (definition === undefined) throw new SophiaError('unknown_record_type', `There is no record type ${mapping.record_type}.`);
  return definition;
}
