import { bindRecordFilter, postgresCondition } from '@sophia/core';
import type { FieldMask, RecordTypeDefinition } from '@sophia/types';

interface Place {
  readonly recordType: string;
  readonly types: readonly RecordTypeDefinition[];
  /** Parameters that the statement has before these. */
  readonly offset: number;
}

/** For each mask a condition over `record as r`: whether its fields are shown in the row after all. */
export function shownBy(
  masks: readonly FieldMask[],
  { recordType, types, offset }: Place,
): { readonly conditions: readonly string[]; readonly parameters: readonly string[] } {
  const parameters: string[] = [];
  const conditions = masks.map(({ visible }) => {
    if (visible === undefined) return 'false';
    const condition = bindRecordFilter(visible, recordType, { types });
    const written = postgresCondition(condition, { recordType, types, alias: 'r', offset: offset + parameters.length });
    parameters.push(...written.parameters);
    return `(${written.text}) is true`;
  });
  return { conditions, parameters };
}
