import type { FieldDefinition, FieldFilter, Filter, PolicyFilter, PolicyRule, RecordTypeDefinition } from '@sophia/types';
import { FilterProblem } from '../semantic/bind-filter.ts';
import { closest } from '../semantic/closest.ts';
import { bindRecordFilter } from './bind-record-filter.ts';
import { attributesOf, ownerPath, speaksOfOwner } from './resolve-filter.ts';
import { EXTRA } from './rule-ability.ts';

/** A rule that cannot hold, and where in the list: `1.fields.0`. */
export interface PolicyProblem {
  readonly place: string;
  readonly message: string;
}

/** What is wrong with a workspace's rules, given its record types. Of the right shape they are already. */
export function policyProblems(rules: readonly PolicyRule[], types: readonly RecordTypeDefinition[]): PolicyProblem[] {
  return rules.flatMap((rule, index) => problemsOf(rule, types).map(({ place, message }) => ({ place: `${index}.${place}`, message })));
}

function problemsOf(rule: PolicyRule, types: readonly RecordTypeDefinition[]): PolicyProblem[] {
  const concerned = types.filter(({ name }) => rule.record_types?.includes(name) ?? true);
  return [
    ...lockOut(rule),
    ...unknownTypes(rule, types),
    ...('actions' in rule ? rowsOfMetrics(rule) : unknownFields(rule.fields ?? [], concerned)),
    ...unfitRows(rule, concerned, types),
    ...unknownAttributes(rule, types),
  ];
}

/** Nobody could take such a rule back. */
function lockOut(rule: PolicyRule): PolicyProblem[] {
  if (rule.rule !== 'forbid' || !('actions' in rule) || !rule.roles.includes('admin') || !rule.actions.includes('administer')) return [];
  return [{ place: 'actions', message: 'administrators cannot be forbidden to administer' }];
}

function unknownTypes({ record_types: names = [] }: PolicyRule, types: readonly RecordTypeDefinition[]): PolicyProblem[] {
  const known = types.map(({ name }) => name);
  return names.flatMap((name, index) =>
    known.includes(name) ? [] : [{ place: `record_types.${index}`, message: `there is no record type ${name}${closest(name, known)}` }],
  );
}

function unknownFields(fields: readonly string[], concerned: readonly RecordTypeDefinition[]): PolicyProblem[] {
  const known = [...concerned.flatMap((type) => type.fields.map(({ name }) => name)), EXTRA];
  return fields.flatMap((name, index) =>
    known.includes(name)
      ? []
      : [{ place: `fields.${index}`, message: `no record type that the rule concerns has a field ${name}${closest(name, known)}` }],
  );
}

function rowsOfMetrics({ metrics, rows }: Extract<PolicyRule, { readonly rule: 'allow' | 'forbid' }>): PolicyProblem[] {
  if (metrics === undefined || rows === undefined) return [];
  return [{ place: 'rows', message: 'a metric is allowed or forbidden as a whole; rows are those of record types' }];
}

/** A filter must fit each type that the rule concerns; where it asks for owners, those that have any. */
function unfitRows(rule: PolicyRule, concerned: readonly RecordTypeDefinition[], types: readonly RecordTypeDefinition[]): PolicyProblem[] {
  const { rows } = rule;
  if (rows === undefined) return [];
  const judged = speaksOfOwner(rows) ? concerned.filter(({ owner }) => owner !== undefined) : concerned;
  if (judged.length === 0 && concerned.length > 0) return [{ place: 'rows', message: 'no record type that the rule concerns has owners' }];
  return judged.flatMap((type) => {
    const message = unfit(rows, type, types);
    return message === undefined ? [] : [{ place: 'rows', message }];
  });
}

/** What no user record can have is null for everybody. */
function unknownAttributes({ rows }: PolicyRule, types: readonly RecordTypeDefinition[]): PolicyProblem[] {
  const known = types.flatMap(({ name, fields }) => (name === 'user' ? fields.flatMap(attributeName) : []));
  const names = ['source_system', 'source_id', ...known];
  return (rows === undefined ? [] : attributesOf(rows)).flatMap((name) =>
    names.includes(name)
      ? []
      : [
          {
            place: 'rows',
            message: `a principal has no attribute ${name}: no user record has a single value of that name${closest(name, names)}`,
          },
        ],
  );
}

const attributeName = ({ name, type }: FieldDefinition): readonly string[] => (type === 'text_list' || type === 'json' ? [] : [name]);

function unfit(rows: PolicyFilter, type: RecordTypeDefinition, types: readonly RecordTypeDefinition[]): string | undefined {
  try {
    bindRecordFilter(withoutAttributes(rows, type), type.name, { types });
    return undefined;
  } catch (error) {
    if (error instanceof FilterProblem) return error.message;
    throw error;
  }
}

/** The filter as it may be resolved. A comparison with an attribute becomes a test for null, which fits every type. */
function withoutAttributes(filter: PolicyFilter, type: RecordTypeDefinition): Filter {
  if ('and' in filter) return { and: filter.and.map((part) => withoutAttributes(part, type)) };
  if ('or' in filter) return { or: filter.or.map((part) => withoutAttributes(part, type)) };
  if ('not' in filter) return { not: withoutAttributes(filter.not, type) };
  const { operator, values } = filter;
  const field = ownerPath(filter.field, type);
  const given = values?.filter((value) => typeof value !== 'object' || value === null) as FieldFilter['values'];
  if (given === undefined) return { field, operator };
  return given.length === values?.length ? { field, operator, values: given } : { field, operator: 'is_null' };
}
