import type { FieldMask, TypeScope } from '@sophia/types';

/** What a principal may do with the records of one type. */
export interface TypeAccess extends TypeScope {
  /** `aggregates`: in metric answers over groups of at least `smallestGroup` records, never record by record. */
  readonly access: 'none' | 'aggregates' | 'records';
  /** Masked fields, with the rows in which they are shown after all; `extra` stands for the unknown fields. */
  readonly masks: readonly FieldMask[];
}
