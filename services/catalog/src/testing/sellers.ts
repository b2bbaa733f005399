import type { Call, PolicyRule, Role } from '@sophia/types';
import type { CatalogHarness } from './catalog-harness.ts';
import { row, target } from './deals.ts';

export const loans = { recordType: 'loan', sourceSystem: 'bank' };

/** Two sellers of two teams with a deal each, and one deal of nobody. */
export async function makeSellers(harness: CatalogHarness) {
  const workspace = await harness.workspace();
  const admin = harness.callOf(workspace);
  const { records } = harness.catalog;
  await records.upsertMany(admin, { recordType: 'user', sourceSystem: 'crm' }, [
    row('ada', { name: 'Ada', team: 'East', email: 'ada@example.com' }),
    row('bob', { name: 'Bob', team: 'West', email: 'bob@example.com' }),
  ]);
  await records.upsertMany(admin, target, [
    row('A', { name: 'a', owner: 'ada', amount: '10', owner_email: 'ada@example.com', odd: 'odd a' }),
    row('B', { name: 'b', owner: 'bob', amount: '20', owner_email: 'bob@example.com', odd: 'odd b' }),
    row('C', { name: 'c', amount: '30' }),
  ]);
  const as = (role: Role, user?: string): Call =>
    harness.callOf(workspace, role, user === undefined ? {} : { userRecord: { source_system: 'crm', source_id: user } });
  /** Loans have these fields of text from then on. */
  const defineLoans = (...names: readonly string[]) =>
    harness.catalog.recordTypes.define(admin, loans.recordType, {
      type: 'object',
      properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
    });
  return { workspace, admin, records, as, defineLoans };
}

/** The same, where an employee sees the deals whose stage is the team that their user record names: one of each. */
export async function makeSellersOfTeams(harness: CatalogHarness) {
  const sellers = await makeSellers(harness);
  const { records, as, admin } = sellers;
  const ofDeals = { roles: ['employee'], record_types: ['deal'], actions: ['read'] } satisfies Partial<PolicyRule>;
  await harness.auth.policies.replace(admin, [
    { rule: 'forbid', ...ofDeals },
    { rule: 'allow', ...ofDeals, rows: { field: 'stage', operator: 'eq', values: [{ principal: 'team' }] } },
  ]);
  await records.upsertMany(admin, target, [row('A', { stage: 'East' }), row('B', { stage: 'West' })]);
  const sees = async (user: string) => (await records.list(as('employee', user), 'deal')).items.map(({ source_id: sourceId }) => sourceId);
  return { ...sellers, sees };
}
