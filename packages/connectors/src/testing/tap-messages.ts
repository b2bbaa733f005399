import { recordTypeFromJsonSchema } from '@sophia/core';
import { isSophiaError } from '@sophia/shared';
import { BUILTIN_RECORD_TYPES, type JsonObject, type RecordTypeDefinition } from '@sophia/types';
import type { ImportItem } from '../import-item.ts';
import type { Mapping } from '../mapping/mapping.ts';
import { parseMapping } from '../mapping/parse-mapping.ts';
import { createStreamOpener } from '../singer/open-streams.ts';
import { readSinger } from '../singer/read-singer.ts';
import { chunks } from './chunks.ts';

export const define = (name: string, schema: JsonObject): Promise<RecordTypeDefinition> => {
  const { definition, problems } = recordTypeFromJsonSchema(name, schema);
  return definition === undefined ? Promise.reject(new Error(JSON.stringify(problems))) : Promise.resolve(definition);
};
export const mapping = parseMapping(
  'source_system: crm\nrecord_type: deal\nsource_id: oid\nfields: { name: title }\nmatch: { files: [opps] }',
  'm.yaml',
  BUILTIN_RECORD_TYPES,
);
/** Opens the streams of a tap over these mappings. */
export const opener = (mappings: readonly Mapping[] = [mapping]) =>
  createStreamOpener({ sourceSystem: 'tap', mappings, recordTypes: BUILTIN_RECORD_TYPES, define });

/** Messages, as a tap writes them. */
export const schema = (stream: string, properties: JsonObject, more: JsonObject = {}): JsonObject => ({
  type: 'SCHEMA',
  stream,
  schema: { type: 'object', properties },
  key_properties: ['id'],
  ...more,
});
export const record = (stream: string, values: JsonObject, more: JsonObject = {}): JsonObject => ({
  type: 'RECORD',
  stream,
  record: values,
  ...more,
});
export const state = (value: number): JsonObject => ({ type: 'STATE', value: { at: value } });

/** What comes out, and the code of the error that it ended with. */
export async function readTap(
  messages: readonly (JsonObject | string)[],
  options: { chunk?: number; batchRows?: number; mappings?: readonly Mapping[] } = {},
) {
  const text = messages.map((message) => `${typeof message === 'string' ? message : JSON.stringify(message)}\n`).join('');
  const items: ImportItem[] = [];
  try {
    const stream = chunks(text, options.chunk ?? 100_000);
    for await (const item of readSinger(stream, { openStream: opener(options.mappings).open, batchRows: options.batchRows }))
      items.push(item);
  } catch (error) {
    if (!isSophiaError(error)) throw error;
    return { items, code: error.code, message: error.message };
  }
  return { items, code: undefined, message: undefined };
}

/** What the items are: ids of rows, states, versions. */
export const brief = (items: readonly ImportItem[]) =>
  items.map((item) => {
    if (item.kind === 'rows') return [item.target.recordType, ...item.rows.map((row) => row.source_id)];
    return item.kind === 'state' ? { state: item.state } : { activate: item.version, of: item.target.recordType };
  });

export const ITEMS = schema('items', { id: { type: 'integer' }, size: { type: ['null', 'number'] } });
