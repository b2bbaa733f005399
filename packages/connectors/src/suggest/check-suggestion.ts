import { compileRowValidator } from '@sophia/core';
import type { RecordTypeDefinition } from '@sophia/types';
import { compileMapping } from '../mapping/compile-mapping.ts';
import type { MatchedSource } from '../mapping/match-mapping.ts';
import { parseMapping } from '../mapping/parse-mapping.ts';

/** The rows of the sample that a field's values reject. */
export interface Rejections {
  readonly rows: number;
  /** The first one's reason. */
  readonly message: string;
}

/** Reads the sample as a suggested mapping says, and judges it as an import would: what rejects rows, by the field of its error. */
export function rejectionsOf(
  yaml: string,
  definition: RecordTypeDefinition,
  source: MatchedSource,
): ReadonlyMap<string | undefined, Rejections> {
  const toRow = compileMapping(parseMapping(yaml, 'the suggested mapping', [definition]), definition, source.columns);
  const validate = compileRowValidator(definition);
  const found = new Map<string | undefined, Rejections>();
  for (const sampled of source.sample) {
    if (sampled.errors !== undefined) continue;
    const row = toRow(sampled);
    for (const { column, message } of row.errors ?? validate(row).errors ?? []) {
      const before = found.get(column);
      found.set(column, { rows: (before?.rows ?? 0) + 1, message: before?.message ?? message });
    }
  }
  return found;
}
