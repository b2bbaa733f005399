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
 *
 * Sources may use the same ids: a reference, or a `source_id`, that is compared with that of the principal is theirs only
 * where its source system is theirs, too.
 */
export function resolveFilter(
  filter: PolicyFilter,
  type: RecordTypeDefinition,
  { types, user }: { readonly types: readonly RecordTypeDefinition[]; readonly user: JsonObject | null },
): Filter {
  return resolve(filter, { type, types, user }, NEVER);
}

/** The path of a field, with `$owner` as the type's own path to its owner. */
export function ownerPath(field: string, { owner = [] }: RecordTypeDefinition): string {
  return field.startsWith(OWNER) ? [...owner, field.slice(OWNER.length)].join('.') : field;
}

interface Circumstances {
  readonly type: RecordTypeDefinition;
  readonly types: readonly RecordTypeDefinition[];
  readonly user: JsonObject | null;
}

function resolve(filter: PolicyFilter, given: Circumstances, unknown: Filter): Filter {
  if ('and' in filter) return allOf(filter.and.map((part) => resolve(part, given, unknown)));
  if ('or' in filter) return anyOf(filter.or.map((part) => resolve(part, given, unknown)));
  if ('not' in filter) return negate(resolve(filter.not, given, unknown === NEVER ? ALWAYS : NEVER));
  return speaksOfOwnId(filter) ? resolveOwnId(filter, given, unknown) : resolveComparison(filter, given, unknown);
}

const SOURCE_ID = 'source_id';

type OwnIdFilter = PolicyFieldFilter & { readonly values: readonly PolicyValue[] };

const speaksOfOwnId = (filter: PolicyFieldFilter): filter is OwnIdFilter =>
  ['eq', 'ne', 'in'].includes(filter.operator) && filter.values?.some(isOwnId) === true;

const isOwnId = (value: PolicyValue): boolean => isAttribute(value) && value.principal === SOURCE_ID;

function resolveOwnId(filter: OwnIdFilter, given: Circumstances, unknown: Filter): Filter {
  const system = systemOf(ownerPath(filter.field, given.type), given);
  if (system === undefined) return resolveComparison(filter, given, unknown);
  if (filter.operator === 'ne') return resolve({ not: { ...filter, operator: 'eq' } }, given, unknown);
  const others = filter.values.filter((value) => !isOwnId(value));
  const compare = (field: string, principal: string): Filter =>
    resolveComparison({ field, operator: 'eq', values: [{ principal }] }, given, unknown);
  return anyOf([
    allOf([compare(filter.field, SOURCE_ID), compare(system, 'source_system')]),
    ...(others.length === 0 ? [] : [resolveComparison({ ...filter, values: others }, given, unknown)]),
  ]);
}

/** The path to the source system of what a reference, or a `source_id`, names; undefined for any other field. */
function systemOf(field: string, { type, types }: Circumstances): string | undefined {
  const path = field.split('.').slice(0, -1);
  const last = field.slice(field.lastIndexOf('.') + 1);
  if (last === SOURCE_ID) return [...path, 'source_system'].join('.');
  const target = path.reduce<RecordTypeDefinition | undefined>((from, step) => {
    const references = from?.fields.find(({ name }) => name === step)?.references;
    return types.find(({ name }) => name === references);
  }, type);
  const isReference = target?.fields.some((each) => each.name === last && each.references !== undefined) === true;
  return isReference ? `${field}.source_system` : undefined;
}

function resolveComparison(filter: PolicyFieldFilter, { type, user }: Circumstances, unknown: Filter): Filter {
  const field = ownerPath(filter.field, type);
  const { operator, values } = filter;
  if (values === undefined) return { field, operator };
  const resolved = values.map((value) => (isAttribute(value) ? attribute(user, value.principal) : value));
  const isMissing = (index: number): boolean => resolved[index] === null && isAttribute(values[index] ?? null);
  const found = resolved.filter((_, index) => !isMissing(index));
  if (found.length === resolved.length) return { field, operator, values: resolved };
  // `in` is unknown only where nothing else in the list matches: a missing one adds nothing to what is true.
  return operator === 'in' && unknown === NEVER && found.length > 0 ? { field, operator, values: found } : unknown;
}

function attribute(user: JsonObject | null, name: string): FilterValue {
  const value = user?.[name];
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

type PolicyValue = NonNullable<PolicyFieldFilter['values']>[number];

const isAttribute = (value: PolicyValue): value is { principal: string } => typeof value === 'object' && value !== null;
