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
  /** Defines a record type by its JSON Schema, or has one that is there take what that says too. */
  readonly define: (name: string, schema: JsonObject) => Promise<RecordTypeDefinition>;
}

/**
 * Decides on streams for `readSinger`: by a mapping that fits, else as a record type of their own. Errors: `mapping_mismatch`
 * where two streams would be one record type, those of `singerRecordType` and `define`.
 */
export function createStreamOpener(options: StreamOptions): (message: SchemaMessage) => Promise<SingerStream> {
  const builtin = new Set(options.recordTypes.filter((type) => type.origin === 'builtin').map((type) => type.name));
  const own = new Map<string, string>();
  return async (message) => {
    const mapping = findMapping(options.mappings, { name: message.stream, columns: propertyNames(message.schema), sample: [] });
    if (mapping !== undefined) return mapStream(message, mapping, typeOf(mapping, options.recordTypes));
    const { name, schema, mapping: plain } = singerRecordType(message, options.sourceSystem, builtin);
    claim(own, name, message.stream);
    return mapStream(message, plain, await options.define(name, schema));
  };
}

/** Records of two streams under one name would overwrite each other. */
function claim(streams: Map<string, string>, recordType: string, stream: string): void {
  const other = streams.get(recordType) ?? stream;
  if (other !== stream) {
    throw new SophiaError(
      'mapping_mismatch',
      `The streams ${other} and ${stream} would both be the record type ${recordType}: map one of them.`,
    );
  }
  streams.set(recordType, stream);
}

function typeOf(mapping: Mapping, recordTypes: readonly RecordTypeDefinition[]): RecordTypeDefinition {
  const definition = recordTypes.find((type) => type.name === mapping.record_type);
  if (definition === undefined) throw new SophiaError('unknown_record_type', `There is no record type ${mapping.record_type}.`);
  return definition;
}
