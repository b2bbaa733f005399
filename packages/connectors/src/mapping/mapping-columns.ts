import type { Mapping } from './mapping.ts';

/** The columns that a mapping reads. */
export function columnsOf(mapping: Mapping): readonly string[] {
  const rules = mapping.fields.flatMap((field) => (field.kind === 'column' ? [field.rule] : []));
  const common = [mapping.occurred_at, mapping.business_priority].filter((rule) => rule !== undefined);
  const single = [mapping.source_version, mapping.deleted?.column].filter((column) => column !== undefined);
  return [...new Set([...mapping.source_id, ...[...rules, ...common].map((rule) => rule.column), ...single])];
}
