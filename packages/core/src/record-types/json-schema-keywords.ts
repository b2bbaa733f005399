import type { SchemaObject, SchemaProblem } from './json-schema-problem.ts';

/** Keywords that say nothing about values. */
const NOTES: ReadonlySet<string> = new Set(['$schema', '$id', '$comment', 'title', 'description', 'examples', 'deprecated']);

/** A problem for each keyword that is neither allowed here nor a mere note: none is ever ignored in silence. */
export function withKeywords(schema: SchemaObject, path: string, allowed: readonly string[]): SchemaProblem[] {
  return Object.keys(schema)
    .filter((keyword) => !NOTES.has(keyword) && !allowed.includes(keyword))
    .map((keyword) => ({
      code: 'schema_keyword_unsupported',
      path: path === '' ? keyword : `${path}.${keyword}`,
      message: `The keyword ${JSON.stringify(keyword)} is not supported here. Supported: ${allowed.join(', ')}.`,
    }));
}
