import { BUILTIN_RECORD_TYPES, type PolicyRule } from '@sophia/types';
import { expect, it } from 'vitest';
import { BUILT_IN_RULES } from './built-in-rules.ts';
import { policyProblems } from './policy-problems.ts';

const problems = (rule: PolicyRule) => policyProblems([rule], BUILTIN_RECORD_TYPES);
const read = { rule: 'allow', roles: ['viewer'], actions: ['read'] } as const;

it('what is no filter at all is no problem of the rules but an error', () => {
  const rows = { field: 'status', operator: 'nearly' } as never;
  expect(() => problems({ ...read, record_types: ['deal'], rows })).toThrow(TypeError);
});

it('the built-in rules are without fault', () => {
  expect(policyProblems(BUILT_IN_RULES, BUILTIN_RECORD_TYPES)).toEqual([]);
});

it.each<[PolicyRule, string, RegExp]>([
  [{ ...read, record_types: ['deal', 'compny'] }, '0.record_types.1', /no record type compny; did you mean company/],
  [{ rule: 'mask', roles: ['viewer'], record_types: ['deal'], fields: ['amunt'] }, '0.fields.0', /amunt; did you mean amount/],
  [
    { ...read, metrics: ['revenue'], rows: { field: 'status', operator: 'is_null' } },
    '0.rows',
    /metric is allowed or forbidden as a whole/,
  ],
  [{ ...read, record_types: ['deal'], rows: { field: 'statsu', operator: 'is_null' } }, '0.rows', /no field statsu; did you mean status/],
  [{ ...read, record_types: ['deal'], rows: { field: 'amount', operator: 'gt', values: ['much'] } }, '0.rows', /amount: "much" is not/],
  [
    { ...read, record_types: ['deal'], rows: { field: 'owner.tem', operator: 'is_null' } },
    '0.rows',
    /user has no field tem; did you mean team/,
  ],
  [{ ...read, record_types: ['deal'], rows: { field: 'status.x', operator: 'is_null' } }, '0.rows', /leads to no record type/],
  [
    { ...read, record_types: ['deal'], rows: { field: 'ownr.team', operator: 'is_null' } },
    '0.rows',
    /deal has no field ownr; did you mean owner/,
  ],
  [{ ...read, record_types: ['company'], rows: { field: '$owner.team', operator: 'is_null' } }, '0.rows', /has owners/],
  [
    { ...read, record_types: ['deal'], rows: { and: [{ or: [{ not: { field: 'version', operator: 'is_null' } }] }] } },
    '0.rows',
    /no field version/,
  ],
  [
    { ...read, record_types: ['deal'], rows: { not: { field: 'stage', operator: 'eq', values: ['x', { principal: 'teem' }] } } },
    '0.rows',
    /no attribute teem: .*; did you mean team/,
  ],
  [
    { ...read, record_types: ['deal'], rows: { field: 'stage', operator: 'eq', values: [{ principal: 'version' }] } },
    '0.rows',
    /no attribute version/,
  ],
  [{ rule: 'forbid', roles: ['viewer', 'admin'], actions: ['read', 'administer'] }, '0.actions', /cannot be forbidden to administer/],
])('%o', (rule, place, message) => {
  const found = problems(rule);
  expect(found[0]).toEqual({ place, message: expect.stringMatching(message) });
});

it.each<PolicyRule>([
  { ...read, rows: { field: '$owner.team', operator: 'eq', values: [{ principal: 'team' }] } },
  { ...read, record_types: ['deal'], rows: { field: 'owner', operator: 'eq', values: [{ principal: 'source_id' }] } },
  { ...read, rows: { field: '$owner.source_system', operator: 'eq', values: [{ principal: 'source_system' }] } },
  { ...read, record_types: ['deal'], rows: { field: 'status', operator: 'in', values: ['won', null] } },
  { ...read, record_types: ['deal'], rows: { field: 'owner', operator: 'eq', values: ['Ann'] } },
  { ...read, metrics: ['whatever the models say'] },
  { rule: 'forbid', roles: ['admin'], actions: ['write'] },
  { rule: 'forbid', roles: ['manager'], actions: ['administer'] },
  { rule: 'mask', roles: ['viewer'], fields: ['extra', 'phone'] },
])('nothing is wrong with %o', (rule) => {
  expect(problems(rule)).toEqual([]);
});

it('an attribute has a single value', () => {
  const builtIn = BUILTIN_RECORD_TYPES.filter(({ name }) => name === 'user' || name === 'deal');
  const [skills, notes] = [
    { name: 'skills', type: 'text_list' },
    { name: 'notes', type: 'json' },
  ] as const;
  const types = builtIn.map((type) => (type.name === 'user' ? { ...type, fields: [...type.fields, skills, notes] } : type));
  for (const name of ['skills', 'notes']) {
    const rule: PolicyRule = { ...read, record_types: ['deal'], rows: { field: 'stage', operator: 'eq', values: [{ principal: name }] } };
    expect(policyProblems([rule], types)[0]?.message).toMatch(`no attribute ${name}`);
  }
});
