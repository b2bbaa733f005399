import { Ability, type ConditionsMatcher, mongoQueryMatcher } from '@casl/ability';
import type { Action, FieldDefinition, MaskRule, PolicyFilter, PolicyRule, RecordTypeDefinition, Role } from '@sophia/types';
import { speaksOfOwner } from './resolve-filter.ts';

/** `see` is asked field by field: whether the value of a readable record is shown. */
export type RuleAction = Action | 'see';
/** A record type, the metrics (their names are its fields), or the platform itself. */
export type RuleSubject = `record:${string}` | 'metric' | 'platform';
export type RuleAbility = Ability<[RuleAction, RuleSubject], PolicyFilter>;
export type RawRule = RuleAbility['rules'][number];

/** Where unknown fields are kept: of every kind, since nobody knows what they hold. */
export const EXTRA = 'extra';

/**
 * The rules of one role as CASL's: its index finds which concern an action and a subject, the last one first.
 * `origin` of a CASL rule leads back to the rule that it was made from.
 */
export function ruleAbility(
  rules: readonly PolicyRule[],
  role: Role,
  types: readonly RecordTypeDefinition[],
): { readonly ability: RuleAbility; readonly origins: ReadonlyMap<RawRule, PolicyRule> } {
  const origins = new Map<RawRule, PolicyRule>();
  for (const type of types) origins.set({ action: 'see', subject: `record:${type.name}` }, SHOWN);
  for (const rule of rules) {
    if (!rule.roles.includes(role)) continue;
    for (const raw of rawRules(rule, types)) origins.set(raw, rule);
  }
  const ability = new Ability<[RuleAction, RuleSubject], PolicyFilter>([...origins.keys()], {
    fieldMatcher: (fields) => (field) => fields.includes(field),
    // CASL wants one, but conditions become filters and are never matched here: it knows no third truth value.
    conditionsMatcher: mongoQueryMatcher as unknown as ConditionsMatcher<PolicyFilter>,
  });
  return { ability, origins };
}

const SHOWN: PolicyRule = { rule: 'unmask', roles: [] };

function rawRules(rule: PolicyRule, types: readonly RecordTypeDefinition[]): RawRule[] {
  const concerned = types.filter(({ name }) => concerns(rule, name));
  if (!('actions' in rule)) {
    return concerned.flatMap((type) => {
      const fields = maskedFields(rule, type, types);
      return fields.length === 0 ? [] : onRecords({ action: 'see', fields }, rule, type);
    });
  }
  const { actions, rows, metrics } = rule;
  const action = [...actions];
  const inverted = rule.rule === 'forbid';
  const raw = concerned.flatMap((type) => onRecords({ action }, rule, type));
  if (metrics !== undefined) raw.push({ action, subject: 'metric', fields: [...metrics], inverted });
  // Rules about some rows leave metrics and platform as they are: an answer is made of the rows that are seen.
  else if (rule.record_types === undefined && (rows === undefined || !inverted)) {
    raw.push({ action, subject: 'metric', inverted });
    if (rows === undefined) raw.push({ action, subject: 'platform', inverted });
  }
  return raw;
}

function concerns(rule: PolicyRule, recordType: string): boolean {
  if (rule.record_types !== undefined) return rule.record_types.includes(recordType);
  return !('metrics' in rule) || rule.metrics === undefined;
}

function onRecords(base: Pick<RawRule, 'action' | 'fields'>, rule: PolicyRule, type: RecordTypeDefinition): RawRule[] {
  const inverted = rule.rule === 'forbid' || rule.rule === 'mask';
  const raw: RawRule = { ...base, subject: `record:${type.name}`, inverted };
  if (rule.rows === undefined) return [raw];
  // Whoever may read a type without owners sees all of it: what asks for the owner opens, and closes nothing.
  if (type.owner === undefined && speaksOfOwner(rule.rows)) return inverted ? [] : [raw];
  return [{ ...raw, conditions: rule.rows }];
}

function maskedFields(rule: MaskRule, type: RecordTypeDefinition, types: readonly RecordTypeDefinition[]): string[] {
  const { fields, kinds } = rule;
  const named = type.fields.filter(
    (field) => fields?.includes(field.name) === true || kinds?.some((kind) => isOfKind(field, kind)) === true,
  );
  if (fields === undefined && kinds === undefined) return [...type.fields.map(({ name }) => name), EXTRA];
  const extra = kinds !== undefined || fields?.includes(EXTRA) === true || misses(rule, type, types) ? [EXTRA] : [];
  return [...named.map(({ name }) => name), ...extra];
}

/**
 * Whether a rule masks a field that the type has no more, or, where the rule names no types, none of all types has: what
 * records have of it is unknown to their types.
 */
function misses(
  { rule, record_types, fields = [] }: MaskRule,
  type: RecordTypeDefinition,
  types: readonly RecordTypeDefinition[],
): boolean {
  const concerned = record_types === undefined ? types : [type];
  const isKnown = (name: string): boolean => name === EXTRA || concerned.some((each) => each.fields.some((field) => field.name === name));
  return rule === 'mask' && !fields.every(isKnown);
}

const isOfKind = (field: FieldDefinition, kind: 'contact' | 'money'): boolean =>
  kind === 'contact' ? field.contact === true : field.type === 'money';
