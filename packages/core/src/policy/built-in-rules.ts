import { ACTIONS, type PolicyRule } from '@sophia/types';

/** What the roles may see and do unless a workspace's own rules, which stand behind these, say otherwise. */
export const BUILT_IN_RULES: readonly PolicyRule[] = [
  { rule: 'allow', roles: ['viewer'], actions: ['read'], smallest_group: 5 },
  { rule: 'allow', roles: ['analyst'], actions: ['read', 'export', 'propose'] },
  { rule: 'allow', roles: ['employee'], actions: ['read', 'export', 'write', 'propose'] },
  { rule: 'allow', roles: ['manager', 'executive'], actions: ['read', 'export', 'write', 'propose', 'approve'] },
  { rule: 'allow', roles: ['admin'], actions: ACTIONS },
  // Their masks are judged by what these records say.
  { rule: 'forbid', roles: ['employee', 'manager'], actions: ['write'], record_types: ['user'] },

  { rule: 'mask', roles: ['viewer', 'analyst'], kinds: ['contact'] },
  { rule: 'mask', roles: ['employee', 'manager'], kinds: ['money'] },
  {
    rule: 'unmask',
    roles: ['employee'],
    kinds: ['money'],
    rows: { field: '$owner.team', operator: 'eq', values: [{ principal: 'team' }] },
  },
  {
    rule: 'unmask',
    roles: ['manager'],
    kinds: ['money'],
    rows: { field: '$owner.office', operator: 'eq', values: [{ principal: 'office' }] },
  },
];
