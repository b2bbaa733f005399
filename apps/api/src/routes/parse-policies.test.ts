import { describe, expect, it } from 'vitest';
import { parsePolicies } from './parse-policies.ts';

const allow = { rule: 'allow', roles: ['analyst'], actions: ['read'] };
const mask = { rule: 'mask', roles: ['employee'], record_types: ['deal'], fields: ['amount'] };

describe('policies', () => {
  it('of the right shape are taken', () => {
    expect(parsePolicies({ rules: [allow, mask], if_version: 3 })).toEqual({ rules: [allow, mask], if_version: 3 });
  });

  it.each<[string, unknown, string]>([
    ['no object', 5, '/ must be object'],
    ['no list of rules', { rules: allow }, '/rules must be array'],
    ['no rules', {}, '/ must have required properties rules'],
    ['another member', { rules: [], rule: 1 }, '/ must not have rule'],
    ['a version that is none', { rules: [allow], if_version: -1 }, '/if_version must be >= 0'],
    ['a rule that is none', { rules: [allow, 7] }, '/rules/1 must be object'],
    ['a rule without its kind', { rules: [{ roles: ['analyst'] }] }, '/rules/0 must have required properties rule'],
    ['a kind that is none', { rules: [{ ...allow, rule: 'alow' }] }, '/rules/0/rule must be one of allow, forbid, mask, unmask'],
    ['an action that is none', { rules: [mask, { ...allow, actions: ['reed'] }] }, '/rules/1/actions/0 must be one of read,'],
    ['actions of a mask', { rules: [{ ...mask, actions: ['read'] }] }, '/rules/0 must not have actions'],
    ['many beyond reason', { rules: Array.from({ length: 60_000 }, () => ({ rule: 1 })) }, 'has more than 20000 members and values'],
    ['too many that are none', { rules: Array.from({ length: 10_000 }, () => 7) }, '/rules must not have more than 500 items'],
    ['too many', { rules: Array.from({ length: 501 }, () => allow) }, '/rules must not have more than 500 items'],
  ])('%s is refused, with the place', (_, body, message) => {
    expect(() => parsePolicies(body)).toThrow(
      expect.objectContaining({ code: 'invalid_policy', message: expect.stringContaining(message) }),
    );
  });

  it('tell of one thing only what is wrong with it', () => {
    expect(() => parsePolicies({ rules: [{ ...allow, rule: 'alow' }] })).toThrow(/unmask$/);
  });
});
