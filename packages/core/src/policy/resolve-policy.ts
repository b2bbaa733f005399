import { createHash } from 'node:crypto';
import { rulesToCondition } from '@casl/ability/extra';
import type {
  Action,
  FieldMask,
  Filter,
  JsonObject,
  PolicyFilter,
  PolicyRule,
  PolicyScope,
  RecordTypeDefinition,
  Role,
  TypeScope,
} from '@sophia/types';
import { FilterProblem } from '../semantic/bind-filter.ts';
import { bindRecordFilter } from './bind-record-filter.ts';
import { BUILT_IN_RULES } from './built-in-rules.ts';
import { resolveFilter } from './resolve-filter.ts';
import { EXTRA, type RawRule, type RuleAbility, type RuleAction, ruleAbility } from './rule-ability.ts';
import { ALWAYS, allOf, anyOf, NEVER } from './simplify-filter.ts';
import type { TypeAccess } from './type-access.ts';

export interface PolicyRequest {
  readonly role: Role;
  /** The workspace's own rules; they stand behind the built-in ones. */
  readonly rules: readonly PolicyRule[];
  /** Every record type of the workspace. */
  readonly types: readonly RecordTypeDefinition[];
  /** Data of the principal's user record; null where it has none. */
  readonly user: JsonObject | null;
}

/** One principal's policy, resolved to values. */
export interface ResolvedPolicy {
  /** The same for principals who see the same; part of every cache key. */
  readonly hash: string;
  /** For the metric compiler: what is seen of each type in aggregates. */
  readonly scope: PolicyScope;
  /** Whether the action is allowed at all, for what is about no record: `administer`. */
  can(action: Action): boolean;
  /** Nothing, for a type that is not known. */
  records(recordType: string, action?: Action): TypeAccess;
  /** Whether the metric may be asked for; `export` for answers that leave as files. */
  metric(name: string, action?: 'read' | 'export'): boolean;
}

/** The built-in and the workspace's rules, for one role and user: which rows and fields are seen, and what may be done. */
export function resolvePolicy({ role, rules, types, user }: PolicyRequest): ResolvedPolicy {
  const { ability, origins } = ruleAbility([...BUILT_IN_RULES, ...rules], role, types);
  const access = new Map<string, TypeAccess>();
  const byName = new Map(types.map((type) => [type.name, type]));
  const records = (recordType: string, action: Action = 'read'): TypeAccess => {
    const key = `${action} ${recordType}`;
    const known = access.get(key);
    if (known !== undefined) return known;
    const type = byName.get(recordType);
    if (type === undefined) return NO_ACCESS;
    const found = typeAccess({ ability, origins, types, user }, type, action);
    access.set(key, found);
    return found;
  };
  const scope = policyScope(types.map(({ name }) => [name, records(name)]));
  return {
    hash: hashOf([role, scope, ability.rules.filter(({ subject }) => subject === 'metric')]),
    scope,
    can: (action) => ability.can(action, 'platform'),
    records,
    metric: (name, action = 'read') => ability.can(action, 'metric', name),
  };
}

const NO_ACCESS: TypeAccess = { access: 'none', rows: NEVER, masks: [] };

interface Basis {
  readonly ability: RuleAbility;
  readonly origins: ReadonlyMap<RawRule, PolicyRule>;
  readonly types: readonly RecordTypeDefinition[];
  readonly user: JsonObject | null;
}

function typeAccess(basis: Basis, type: RecordTypeDefinition, action: Action): TypeAccess {
  const rows = condition(basis, action, type);
  if (rows === NEVER) return NO_ACCESS;
  const smallestGroup = groupOf(basis, type, action);
  return {
    access: smallestGroup === undefined ? 'records' : 'aggregates',
    smallestGroup,
    rows: rows === ALWAYS ? undefined : rows,
    masks: masksOf(basis, type),
  };
}

/** Where the rules that concern the action, and the field, say yes. */
function condition({ ability, types, user }: Basis, action: RuleAction, type: RecordTypeDefinition, field?: string): Filter {
  const found = rulesToCondition<RuleAbility, Filter, Filter>(
    ability.rulesFor(action, `record:${type.name}`, field),
    ({ conditions, inverted }) => {
      // Rules without conditions end the search and are not converted.
      const rows = conditions as PolicyFilter;
      // A rule that forbids is negated before the unknown is replaced, so that what is unknown stays hidden.
      const filter = resolveFilter(inverted ? { not: rows } : rows, type, { types, user });
      return fits(filter, type, types) ? filter : NEVER;
    },
    { and: allOf, or: anyOf, empty: () => ALWAYS },
  );
  return found ?? NEVER;
}

/** The type may have changed since the rule was written: what the rule can judge no longer stays hidden. */
function fits(filter: Filter, { name }: RecordTypeDefinition, types: readonly RecordTypeDefinition[]): boolean {
  try {
    bindRecordFilter(filter, name, { types });
    return true;
  } catch (error) {
    if (error instanceof FilterProblem) return false;
    throw error;
  }
}

/** The greatest of the smallest groups of the rules that may have let a row through. */
function groupOf({ ability, origins }: Basis, type: RecordTypeDefinition, action: Action): number | undefined {
  let greatest: number | undefined;
  for (const { inverted, conditions, origin } of ability.rulesFor(action, `record:${type.name}`)) {
    const rule = inverted ? undefined : origins.get(origin);
    if (rule !== undefined && 'smallest_group' in rule && rule.smallest_group !== undefined) {
      greatest = Math.max(greatest ?? 0, rule.smallest_group);
    }
    if (conditions === undefined) break;
  }
  return greatest;
}

/** Masks that hold in the same rows are one. */
function masksOf(basis: Basis, type: RecordTypeDefinition): FieldMask[] {
  const masks = new Map<string, { fields: string[]; visible?: Filter }>();
  for (const field of [...type.fields.map(({ name }) => name), EXTRA]) {
    const visible = condition(basis, 'see', type, field);
    if (visible === ALWAYS) continue;
    const key = JSON.stringify(visible);
    const mask = masks.get(key) ?? (visible === NEVER ? { fields: [] } : { fields: [], visible });
    mask.fields.push(field);
    masks.set(key, mask);
  }
  return [...masks.values()];
}

function policyScope(types: readonly (readonly [string, TypeAccess])[]): PolicyScope {
  const scopes = types.map(([name, { rows, masks, smallestGroup }]): [string, TypeScope] => {
    // The warehouse holds no unknown fields.
    const known = masks.map((mask) => ({ ...mask, fields: mask.fields.filter((field) => field !== EXTRA) }));
    return [name, { rows, masks: known.filter(({ fields }) => fields.length > 0), smallestGroup }];
  });
  return { types: Object.fromEntries(scopes) };
}

const hashOf = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 22);
