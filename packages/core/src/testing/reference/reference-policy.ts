import type { Filter, PolicyScope } from '@sophia/types';
import { type ReferenceRow, truth } from './reference-evaluator.ts';

/** A record, and as what it is judged: itself in the present, with the present records that it refers to beside it. */
export interface JudgedRecord {
  readonly fields: ReferenceRow;
  readonly judgedAs: ReferenceRow;
}

/**
 * What a principal sees of a record, written from docs/reference/metric-queries.md: nothing where the policy leaves it
 * out, else the record with its masked fields null. What is unknown is not seen.
 */
export const seenOf = ({ fields, judgedAs }: JudgedRecord, policy: PolicyScope['types'][string] | undefined): ReferenceRow | undefined => {
  const holds = (filter: Filter): boolean => truth(filter, (field) => numeric(judgedAs[field] ?? null)) === true;
  if (policy?.rows !== undefined && !holds(policy.rows)) return undefined;
  const masked = (policy?.masks ?? []).filter(({ visible }) => visible === undefined || !holds(visible)).flatMap((mask) => mask.fields);
  return { ...fields, ...Object.fromEntries(masked.map((field) => [field, null])) };
};

/** Money is text in a record, and compared as a number. */
const numeric = (value: string | number | null): string | number | null =>
  typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
