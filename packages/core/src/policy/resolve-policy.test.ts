import { BUILTIN_RECORD_TYPES, type PolicyFilter, type PolicyRule, type Role } from '@sophia/types';
import { describe, expect, it } from 'vitest';
import { resolvePolicy } from './resolve-policy.ts';

const policyOf = (role: Role, rules: readonly PolicyRule[] = [], user: Record<string, string> | null = null) =>
  resolvePolicy({ role, rules, types: BUILTIN_RECORD_TYPES, user });

const maskedFields = (role: Role, type: string, user: Record<string, string> | null = null) =>
  policyOf(role, [], user)
    .records(type)
    .masks.flatMap(({ fields }) => fields);

describe('the built-in roles', () => {
  it('viewer: aggregates over groups of at least 5 records, no record', () => {
    const policy = policyOf('viewer');
    expect(policy.records('deal')).toMatchObject({ access: 'aggregates', smallestGroup: 5 });
    expect(policy.scope.types.deal?.smallestGroup).toBe(5);
    expect(policy.metric('revenue')).toBe(true);
    expect(policy.metric('revenue', 'export')).toBe(false);
    for (const action of ['export', 'write', 'propose', 'approve', 'administer'] as const) {
      expect(policy.can(action)).toBe(false);
      expect(policy.records('deal', action).access).toBe('none');
    }
  });

  it('analyst: all rows, contact details masked', () => {
    const deal = policyOf('analyst').records('deal');
    expect(deal).toMatchObject({ access: 'records', rows: undefined });
    expect(deal.masks).toEqual([{ fields: ['owner_email', 'extra'] }]);
    expect(maskedFields('analyst', 'contact')).toEqual(['email', 'phone', 'extra']);
    expect(policyOf('analyst').records('deal', 'write').access).toBe('none');
  });

  it('employee: all rows, amounts masked outside the own team', () => {
    const deal = policyOf('employee', [], { team: 'North', office: 'Central' }).records('deal');
    expect(deal.rows).toBeUndefined();
    const visible = { field: 'owner.team', operator: 'eq', values: ['North'] };
    expect(deal.masks).toEqual([{ fields: ['amount', 'extra'], visible }]);
  });

  it('manager: all rows, amounts masked outside the own office', () => {
    const deal = policyOf('manager', [], { team: 'North', office: 'Central' }).records('deal');
    expect(deal.masks).toEqual([{ fields: ['amount', 'extra'], visible: { field: 'owner.office', operator: 'eq', values: ['Central'] } }]);
    expect(policyOf('manager').can('approve')).toBe(true);
  });

  it.each(['employee', 'manager'] as const)(
    '%s: writes records, but not those by which masks are judged, unless a rule says so',
    (role) => {
      expect(policyOf(role).records('deal', 'write').access).toBe('records');
      expect(policyOf(role).records('user', 'write').access).toBe('none');
      expect(policyOf(role).records('user').access).toBe('records');
      const rules: PolicyRule[] = [{ rule: 'allow', roles: [role], actions: ['write'], record_types: ['user'] }];
      expect(policyOf(role, rules).records('user', 'write').access).toBe('records');
      expect(policyOf('executive').records('user', 'write').access).toBe('records');
    },
  );

  it.each([null, {}, { team: '' }])('an employee whose team is not known sees no amount: %o', (user) => {
    const [mask] = policyOf('employee', [], user as Record<string, string> | null).records('deal').masks;
    if (user === null || !('team' in user)) expect(mask).toEqual({ fields: ['amount', 'extra'] });
    else expect(mask?.visible).toEqual({ field: 'owner.team', operator: 'eq', values: [''] });
  });

  it('an employee sees the amounts of a type without owners', () => {
    expect(maskedFields('employee', 'product', { team: 'North' })).toEqual([]);
    expect(maskedFields('employee', 'company', null)).toEqual([]);
  });

  it.each(['executive', 'admin'] as const)('%s: everything', (role) => {
    const policy = policyOf(role);
    for (const { name } of BUILTIN_RECORD_TYPES)
      expect(policy.records(name)).toEqual({ access: 'records', smallestGroup: undefined, rows: undefined, masks: [] });
    expect(policy.can('administer')).toBe(role === 'admin');
  });

  it('nothing of a type that is not known', () => {
    expect(policyOf('admin').records('unheard_of')).toMatchObject({ access: 'none', rows: { or: [] } });
  });
});

describe("a workspace's rules", () => {
  it('the last rule that concerns a row decides', () => {
    const rules: PolicyRule[] = [
      { rule: 'forbid', roles: ['analyst'], actions: ['read'], record_types: ['deal'] },
      {
        rule: 'allow',
        roles: ['analyst'],
        actions: ['read'],
        record_types: ['deal'],
        rows: { field: 'status', operator: 'eq', values: ['won'] },
      },
    ];
    const policy = policyOf('analyst', rules);
    expect(policy.records('deal')).toMatchObject({ access: 'records', rows: { field: 'status', operator: 'eq', values: ['won'] } });
    expect(policy.records('company').rows).toBeUndefined();
    expect(policyOf('analyst', [...rules].reverse()).records('deal').access).toBe('none');
  });

  it('own records only, by the owner of each type', () => {
    const rules: PolicyRule[] = [
      {
        rule: 'forbid',
        roles: ['employee'],
        actions: ['read'],
        rows: { not: { field: '$owner.team', operator: 'eq', values: [{ principal: 'team' }] } },
      },
    ];
    const policy = policyOf('employee', rules, { team: 'North' });
    const own = (field: string) => ({ not: { not: { field, operator: 'eq', values: ['North'] } } });
    expect(policy.records('deal').rows).toEqual(own('owner.team'));
    expect(policy.records('call_transcript').rows).toEqual(own('call_id.host_id.team'));
    expect(policy.records('company').rows).toBeUndefined();
  });

  it('the own id is that of the own source system, in references and ids of whatever path', () => {
    const rowsOf = (type: string, rows: PolicyFilter, user: Record<string, string> | null = { source_system: 'crm', source_id: '7' }) =>
      policyOf(
        'employee',
        [
          { rule: 'forbid', roles: ['employee'], actions: ['read'], record_types: [type] },
          { rule: 'allow', roles: ['employee'], actions: ['read'], record_types: [type], rows },
        ],
        user,
      ).records(type).rows;
    const [me, mySystem] = [{ principal: 'source_id' }, { principal: 'source_system' }];
    const is = (field: string, value: string) => ({ field, operator: 'eq' as const, values: [value] });
    const own = (id: string, system: string) => ({ and: [is(id, '7'), is(system, 'crm')] });
    const eq = (field: string) => ({ field, operator: 'eq' as const, values: [me] });
    expect(rowsOf('deal', eq('owner'))).toEqual(own('owner', 'owner.source_system'));
    expect(rowsOf('deal', eq('$owner.source_id'))).toEqual(own('owner.source_id', 'owner.source_system'));
    expect(rowsOf('user', eq('source_id'))).toEqual(own('source_id', 'source_system'));
    expect(rowsOf('call_transcript', eq('call_id.host_id'))).toEqual(own('call_id.host_id', 'call_id.host_id.source_system'));
    expect(rowsOf('deal', eq('status.office.name'))).toEqual({ or: [] });
    // A text is of no system.
    expect(rowsOf('deal', eq('stage'))).toEqual(is('stage', '7'));
    expect(rowsOf('deal', { field: 'owner', operator: 'contains', values: [me] })).toMatchObject({ operator: 'contains', values: ['7'] });
    expect(rowsOf('deal', { field: 'owner', operator: 'ne', values: [me] })).toEqual({ not: own('owner', 'owner.source_system') });
    const some = { field: 'owner', operator: 'in' as const, values: ['8', me] };
    expect(rowsOf('deal', some)).toEqual({
      or: [own('owner', 'owner.source_system'), { field: 'owner', operator: 'in', values: ['8'] }],
    });
    expect(rowsOf('deal', some, null)).toEqual({ field: 'owner', operator: 'in', values: ['8'] });
    expect(rowsOf('deal', eq('owner'), null)).toEqual({ or: [] });
    expect(rowsOf('deal', { field: 'owner', operator: 'ne', values: [me] }, null)).toEqual({ or: [] });
    expect(rowsOf('deal', { field: 'source', operator: 'eq', values: [mySystem] })).toEqual(is('source', 'crm'));
  });

  it('what a forbidding rule cannot know stays hidden', () => {
    const rules: PolicyRule[] = [
      {
        rule: 'forbid',
        roles: ['employee'],
        actions: ['read'],
        record_types: ['deal'],
        rows: { field: '$owner.team', operator: 'ne', values: [{ principal: 'team' }] },
      },
    ];
    expect(policyOf('employee', rules, null).records('deal').access).toBe('none');
  });

  it('fields are masked by name, and opened in some rows', () => {
    const rules: PolicyRule[] = [
      { rule: 'mask', roles: ['executive'], record_types: ['deal'], fields: ['amount', 'name'] },
      {
        rule: 'unmask',
        roles: ['executive'],
        record_types: ['deal'],
        fields: ['name'],
        rows: { field: 'status', operator: 'eq', values: ['won'] },
      },
    ];
    expect(policyOf('executive', rules).records('deal').masks).toEqual([
      { fields: ['name'], visible: { field: 'status', operator: 'eq', values: ['won'] } },
      { fields: ['amount'] },
    ]);
    expect(policyOf('executive', rules).scope.types.company?.masks).toEqual([]);
  });

  it('a field that a type has no more is masked with what it does not know, where the rule speaks of that type', () => {
    const fields = ['industry', 'gone'];
    const rule = { roles: ['executive'], record_types: ['company', 'deal'], fields } satisfies Partial<PolicyRule>;
    const masks = (...rules: PolicyRule[]) =>
      ['company', 'deal', 'product'].map((type) => policyOf('executive', rules).records(type).masks);
    expect(masks({ rule: 'mask', ...rule })).toEqual([[{ fields: ['industry', 'extra'] }], [{ fields: ['extra'] }], []]);
    expect(masks({ rule: 'mask', ...rule }, { rule: 'unmask', ...rule })).toEqual([[{ fields: ['extra'] }], [{ fields: ['extra'] }], []]);
  });

  it('a field that no type has any more is masked with what types do not know, where the rule speaks of all', () => {
    const masks = (...fields: string[]) => {
      const policy = policyOf('executive', [{ rule: 'mask', roles: ['executive'], fields }]);
      return ['company', 'deal'].map((type) => policy.records(type).masks);
    };
    expect(masks('industry', 'gone')).toEqual([[{ fields: ['industry', 'extra'] }], [{ fields: ['extra'] }]]);
    expect(masks('industry', 'extra')).toEqual([[{ fields: ['industry', 'extra'] }], [{ fields: ['extra'] }]]);
    expect(masks('industry')).toEqual([[{ fields: ['industry'] }], []]);
  });

  it('fields are masked in every type that has them', () => {
    const policy = policyOf('executive', [{ rule: 'mask', roles: ['executive'], fields: ['industry'] }]);
    expect(policy.records('company').masks).toEqual([{ fields: ['industry'] }]);
    expect(policy.records('deal').masks).toEqual([]);
  });

  it('a mask without fields hides all of them', () => {
    const policy = policyOf('executive', [{ rule: 'mask', roles: ['executive'], record_types: ['product'] }]);
    expect(policy.records('product').masks).toEqual([{ fields: ['name', 'series', 'list_price', 'currency', 'extra'] }]);
    expect(policy.scope.types.product?.masks).toEqual([{ fields: ['name', 'series', 'list_price', 'currency'] }]);
  });

  it('a metric can be forbidden and the others stay', () => {
    const policy = policyOf('analyst', [{ rule: 'forbid', roles: ['analyst'], actions: ['read', 'export'], metrics: ['revenue'] }]);
    expect(policy.metric('revenue')).toBe(false);
    expect(policy.metric('win_rate')).toBe(true);
    expect(policy.records('deal').access).toBe('records');
    expect(policy.hash).not.toBe(policyOf('analyst').hash);
  });

  it('viewers may be let at records of one type, and aggregates of the others keep their smallest group', () => {
    const policy = policyOf('viewer', [{ rule: 'allow', roles: ['viewer'], actions: ['read'], record_types: ['product'] }]);
    expect(policy.records('product').access).toBe('records');
    expect(policy.scope.types.product?.smallestGroup).toBeUndefined();
    expect(policy.records('deal').smallestGroup).toBe(5);
    expect(policy.scope.types.deal?.smallestGroup).toBe(5);
    expect(policy.hash).not.toBe(policyOf('viewer').hash);
  });

  it('where several rules let rows through, the greatest of their smallest groups holds', () => {
    const won = { field: 'status', operator: 'eq' as const, values: ['won'] };
    const rules: PolicyRule[] = [
      { rule: 'forbid', roles: ['viewer'], actions: ['read'], record_types: ['deal'] },
      { rule: 'allow', roles: ['viewer'], actions: ['read'], record_types: ['deal'], rows: { not: won }, smallest_group: 20 },
      {
        rule: 'forbid',
        roles: ['viewer'],
        actions: ['read'],
        record_types: ['deal'],
        rows: { field: 'stage', operator: 'eq', values: ['x'] },
      },
      { rule: 'allow', roles: ['viewer'], actions: ['read'], record_types: ['deal'], rows: won, smallest_group: 10 },
    ];
    expect(policyOf('viewer', rules).records('deal')).toMatchObject({ access: 'aggregates', smallestGroup: 20 });
    const [forbidden, ...allowed] = rules as [PolicyRule, ...PolicyRule[]];
    expect(policyOf('viewer', [forbidden, ...allowed.reverse()]).records('deal').smallestGroup).toBe(20);
  });

  it('an action that rows restrict is still allowed, and platform and metrics stay as they are', () => {
    const rules: PolicyRule[] = [
      { rule: 'forbid', roles: ['admin'], actions: ['administer', 'read'], rows: { field: 'source', operator: 'eq', values: ['secret'] } },
      { rule: 'allow', roles: ['analyst'], actions: ['write'], rows: { field: 'source', operator: 'eq', values: ['own'] } },
    ];
    expect(policyOf('admin', rules).can('administer')).toBe(true);
    expect(policyOf('admin', rules).metric('revenue')).toBe(true);
    expect(policyOf('analyst', rules).records('deal', 'write')).toMatchObject({
      access: 'records',
      rows: { field: 'source', operator: 'eq', values: ['own'] },
    });
    expect(policyOf('analyst', rules).can('write')).toBe(false);
  });
});

describe('the hash', () => {
  it('is the same for principals who see the same', () => {
    expect(policyOf('executive', [], { team: 'North' }).hash).toBe(policyOf('executive', [], { team: 'South' }).hash);
    expect(policyOf('employee', [], { team: 'North', name: 'Ann' }).hash).toBe(
      policyOf('employee', [], { team: 'North', name: 'Bob' }).hash,
    );
  });

  it('differs by role, attributes and rules', () => {
    const hashes = [
      policyOf('executive'),
      policyOf('admin'),
      policyOf('employee', [], { team: 'North' }),
      policyOf('employee', [], { team: 'South' }),
      policyOf('executive', [{ rule: 'mask', roles: ['executive'], kinds: ['contact'] }]),
    ].map(({ hash }) => hash);
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});

describe('a rule that its record type no longer fits', () => {
  const rows = { field: 'gone', operator: 'eq' as const, values: ['x'] };

  it.each(['allow', 'forbid'] as const)('hides: %s', (rule) => {
    const policy = policyOf('executive', [
      { rule: 'forbid', roles: rule === 'allow' ? ['executive'] : ['viewer'], actions: ['read'], record_types: ['deal'] },
      { rule, roles: ['executive'], actions: ['read'], record_types: ['deal'], rows },
    ]);
    expect(policy.records('deal').access).toBe('none');
    expect(policy.records('company').access).toBe('records');
  });

  it('masks', () => {
    const policy = policyOf('executive', [
      { rule: 'mask', roles: ['executive'], record_types: ['deal'], fields: ['amount'] },
      { rule: 'unmask', roles: ['executive'], record_types: ['deal'], fields: ['amount'], rows },
    ]);
    expect(policy.records('deal').masks).toEqual([{ fields: ['amount'] }]);
  });
});

it('what is no filter at all is an error', () => {
  const rows = { field: 'status', operator: 'nearly' } as never;
  const rule: PolicyRule = { rule: 'forbid', roles: ['executive'], actions: ['read'], record_types: ['deal'], rows };
  expect(() => policyOf('executive', [rule])).toThrow(TypeError);
});

describe('comparisons with an attribute that is null', () => {
  const allow = (rows: PolicyFilter) =>
    policyOf(
      'analyst',
      [
        { rule: 'forbid', roles: ['analyst'], actions: ['read'], record_types: ['deal'] },
        { rule: 'allow', roles: ['analyst'], actions: ['read'], record_types: ['deal'], rows },
      ],
      { team: 'North' },
    ).records('deal').rows;
  const missing = { field: 'stage', operator: 'eq' as const, values: [{ principal: 'missing' }] };

  it('are never true, whatever stands around them', () => {
    expect(allow(missing)).toEqual({ or: [] });
    expect(allow({ not: missing })).toEqual({ or: [] });
    expect(allow({ not: { not: missing } })).toEqual({ or: [] });
    expect(allow({ and: [missing, { field: 'status', operator: 'eq', values: ['won'] }] })).toEqual({ or: [] });
  });

  it('leave what is true without them', () => {
    const won = { field: 'status', operator: 'eq' as const, values: ['won'] };
    expect(allow({ or: [missing, won] })).toEqual(won);
    expect(allow({ not: { and: [missing, won] } })).toEqual({ not: won });
    expect(allow({ field: 'stage', operator: 'in', values: [{ principal: 'team' }, { principal: 'missing' }, null] })).toEqual({
      field: 'stage',
      operator: 'in',
      values: ['North', null],
    });
    expect(allow({ field: 'stage', operator: 'in', values: [{ principal: 'missing' }] })).toEqual({ or: [] });
    expect(allow({ not: { field: 'stage', operator: 'in', values: ['x', { principal: 'missing' }] } })).toEqual({ or: [] });
    expect(allow({ field: 'stage', operator: 'is_null' })).toEqual({ field: 'stage', operator: 'is_null' });
  });
});
