import type { Call, Role } from '@sophia/types';
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
