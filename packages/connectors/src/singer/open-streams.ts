import { SophiaError } from '@sophia/shared';
import type { JsonObject, RecordTypeDefinition } from '@sophia/types';
import type { Mapping } from '../mapping/mapping.ts';
import { findMapping } from '../mapping/match-mapping.ts';
import { hasColumn } from './has-column.ts';
import { mapStream } from './map-stream.ts';
import type { SingerStream } from './read-singer.ts';
import type { SchemaMessage } from './singer-message.ts';
import { singerRecordType } from './singer-record-type.ts';

export interface StreamOptions {
  /** Of the record types that streams become without a mapping. */
  readonly sourceSystem: string;
  /** The first that fits a stream's name and properties is used. */
  readonly mappings: readonly Mapping[];
  readonly recordTypes: readonly RecordTypeDefinition[];
  /** Defines a record type by its JSON Schema, or has one that is there take what that says too. */
  readonly define: (name: string, schema: JsonObject) => Promise<RecordTypeDefinition>;
}

export interface StreamOpener {
  /**
   * For `readSinger`. Errors: `mapping_mismatch` where two streams would be one record type, those of `singerRecordType`
   * and `define`.
   */
  open(message: SchemaMessage): Promise<SingerStream>;
  /** A sentence for each mapping that no stream was read by. */
  unused(): readonly string[];
}

/** Decides on streams: by a mapping that fits, else as a record type of their own. */
export function createStreamOpener(options: StreamOptions): StreamOpener {
  const { mappings, recordTypes, sourceSystem } = options;
  const builtin = new Set(recordTypes.filter((type) => type.origin === 'builtin').map((type) => type.name));
  const columns = [...new Set(mappings.flatMap((mapping) => mapping.match.columns))];
  const used = new Set<Mapping>();
  const own = new Map<string, string>();
  return {
    async open(message) {
      const found = columns.filter((column) => hasColumn(message.schema, column));
      const mapping = findMapping(mappings, { name: message.stream, columns: found, sample: [] });
      if (mapping !== undefined) {
        used.add(mapping);
        return mapStream(mapping, typeOf(mapping, recordTypes));
      }
      const { name, schema, mapping: plain } = singerRecordType(message, sourceSystem, builtin);
      claim(own, name, message.stream);
      return mapStream(plain, await options.define(name, schema));
    },
    unused: () => mappings.filter((mapping) => !used.has(mapping)).map(unusedText),
  };
}

function unusedText({ name, match: { files, columns } }: Mapping): string {
  const called = files.length === 0 ? '' : ` called ${files.join(' or ')}`;
  return `No stream was read by ${name}, which is for streams${called} with ${columns.join(', ')}.`;
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
