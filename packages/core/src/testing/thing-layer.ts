import type { RecordTypeDefinition, SemanticLayer } from '@sophia/types';
import { layerOf } from './small-world.ts';

/** A type of things that have these fields. */
export const thingType = (fields: RecordTypeDefinition['fields']): RecordTypeDefinition => ({
  name: 'thing',
  description: '',
  origin: 'workspace',
  revision: 1,
  fields,
});

/** A layer whose things are counted by one expression: `thing.asked`. */
export const expressionLayer = (expression: string, type: RecordTypeDefinition): SemanticLayer =>
  layerOf(
    `
semantic_models:
  - name: thing
    record_type: thing
    entities: [{ name: thing, type: primary }]
    dimensions: [{ name: asked, type: categorical, expression: ${JSON.stringify(expression)} }]
    measures: [{ name: things, aggregation: count }]
metrics: [{ name: things, type: simple, measure: things }]
`,
    [type],
  );
