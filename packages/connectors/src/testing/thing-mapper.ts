import { BUILTIN_RECORD_TYPES, type RecordTypeDefinition } from '@sophia/types';
import { compileMapping } from '../mapping/compile-mapping.ts';
import { parseMapping } from '../mapping/parse-mapping.ts';

export const THING: RecordTypeDefinition = {
  name: 'thing',
  description: '',
  origin: 'workspace',
  revision: 1,
  fields: [
    { name: 'text', type: 'text' },
    { name: 'kind', type: 'text', values: ['a', 'b'] },
    { name: 'count', type: 'integer' },
    { name: 'ratio', type: 'number' },
    { name: 'price', type: 'money' },
    { name: 'day', type: 'date' },
    { name: 'at', type: 'timestamp' },
    { name: 'owner', type: 'reference', references: 'user' },
    { name: 'tags', type: 'text_list' },
    { name: 'more', type: 'json' },
    { name: 'flag', type: 'boolean' },
  ],
};

/** Maps rows to things, which have a field of each type, by what this mapping says of them. */
export const thingMapper = (text: string, columns?: readonly string[]) => {
  const mapping = parseMapping(`source_system: test\nrecord_type: thing\nsource_id: id\n${text}`, 'm.yaml', [
    THING,
    ...BUILTIN_RECORD_TYPES,
  ]);
  return compileMapping(mapping, THING, columns);
};
