import type { Filter, FilterValue, JsonObject, PolicyFieldFilter, PolicyFilter, RecordTypeDefinition } from '@sophia/types';
import { ALWAYS, allOf, anyOf, NEVER, negate } from './simplify-filter.ts';

const OWNER = '$owner.';

/** Whether the filter speaks of the record's owner. */
export function speaksOfOwner(filter: PolicyFilter): boolean {
  if ('and' in filter) return filter.and.some(speaksOfOwner);
  if ('or' in filter) return filter.or.some(speaksOfOwner);
  if ('not' in filter) return speaksOfOwner(filter.not);
  return filter.field.startsWith(OWNER);
}

/** The attributes of the principal that the filter asks for. */
export function attributesOf(filter: PolicyFilter): string[] {
  if ('and' in filter) return filter.and.flatMap(attributesOf);
  if ('or' in filter) return filter.or.flatMap(attributesOf);
  if ('not' in filter) return attributesOf(filter.not);
  return (filter.values ?? []).flatMap((value) => (isAttribute(value) ? [value.principal] : []));
}

/**
 * The filter with the principal's attributes as values and `$owner` as the type's own path. A comparison with an
 * attribute that is null is unknown; what is unknown is replaced so that the whole is true exactly where it would be
 * true in three-valued logic: by false, and under `not` by true.
 */
export function resolveFilter(filter: PolicyFilter, type: RecordTypeDefinition, user: JsonObject | null): Filter {
  return resolve(filter, { owner: type.owner ?? [], user }, NEVER);
}

interface Principal {
  readonly owner: readonly string[];
  readonly user: JsonObject | null;
}

function resolve(filter: PolicyFilter, principal: Principal, unknown: Filter): Filter {
  if ('and' in filter) return allOf(filter.and.map((part) => resolve(part, principal, unknown)));
  if ('or' in filter) return anyOf(filter.or.map((part) => resolve(part, principal, unknown)));
  if ('not' in filter) return negate(resolve(filter.not, principal, unknown === NEVER ? ALWAYS : NEVER));
  return resolveComparison(filter, principal, unknown);
}

function resolveComparison(filter: PolicyFieldFilter, { owner, user }: Principal, unknown: Filter): Filter {
  const field = filter.field.startsWith(OWNER) ? [...owner, filter.field.slice(OWNER.length)].join('.') : filter.field;
  const { operator, values } = filter;
  if (values === undefined) return { field, operator };
  const resolved = values.map((value) => (isAttribute(value) ? attribute(user, value.principal) : value));
  const asked = values.some(isAttribute);
  // `in` is unknown only where nothing else in the list can match: nulls in it add nothing to what is true.
  const given = resolved.filter((value) => value !== null);
  if (asked && operator === 'in' && unknown === NEVER && given.length > 0) return { field, operator, values: given };
  return asked && given.length < resolved.length ? unknown : { field, operator, values: resolved };
}

function attribute(user: JsonObject | null, name: string): FilterValue {
  const value = user?.[name];
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

const isAttribute = (value: NonNullable<PolicyFieldFilter['values']>[number]): value is { principal: string } =>
  typeof value === 'object' && value !== null;
