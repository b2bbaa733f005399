import type { ResolvedPolicy } from '@sophia/core';
import type { Explanation } from './analytics.ts';
import type { PreparedQuery } from './queries/prepared-queries.ts';

/** What would be run for a query, and why. */
export const explain = ({ compiled, key, tags }: PreparedQuery, policy: ResolvedPolicy): Explanation => ({
  sql: compiled.text,
  parameters: compiled.parameters,
  models: compiled.models,
  reads: compiled.reads.map(({ recordType, fields }) => ({ record_type: recordType, fields })),
  tags,
  rollup: compiled.rollup,
  cache_key: key,
  policy: compiled.reads.map(({ recordType }) => {
    const scope = policy.scope.types[recordType];
    return {
      record_type: recordType,
      row_filter: scope?.rows ?? null,
      masked_fields: (scope?.masks ?? []).flatMap(({ fields }) => fields),
    };
  }),
});
