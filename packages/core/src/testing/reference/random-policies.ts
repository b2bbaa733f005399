import type { FieldMask, Filter, PolicyScope } from '@sophia/types';
import fc from 'fast-check';
import type { RandomRecords } from './random-records.ts';
import { seenOf } from './reference-policy.ts';

const is = (field: string, value: string): Filter => ({ field, operator: 'eq', values: [value] });
const rowPolicy = (...rows: Filter[]) => fc.option(fc.constantFrom(...rows), { nil: undefined });
const maskPolicy = (...masks: FieldMask[]) => fc.subarray(masks);
/** What a principal sees of deals, by themselves and by their owners, and of what they refer to. */
export const randomPolicy: fc.Arbitrary<PolicyScope> = fc
  .record({
    deal: fc.record({
      rows: rowPolicy(
        is('status', 'won'),
        is('owner.office', 'Central'),
        { not: is('owner.office', 'West') },
        { or: [is('status', 'lost'), { field: 'amount', operator: 'gte', values: [7] }] },
      ),
      masks: maskPolicy(
        { fields: ['amount'], visible: is('owner.office', 'Central') },
        { fields: ['owner', 'product'], visible: is('status', 'won') },
        { fields: ['close_date'], visible: { not: is('status', 'open') } },
      ),
    }),
    company: fc.record({
      rows: rowPolicy(is('industry', 'it'), { field: 'employees', operator: 'gt', values: [10] }),
      masks: maskPolicy({ fields: ['employees'], visible: is('country', 'de') }, { fields: ['industry'] }),
    }),
    user: fc.record({ rows: rowPolicy(is('office', 'Central')) }),
  })
  .chain((types) =>
    fc
      .option(fc.constantFrom(2, 3), { nil: undefined })
      .map((smallestGroup) => ({ types: { ...types, deal: { ...types.deal, smallestGroup } } })),
  );

/** The data as the principal sees it. Records are judged by what they are now, a deleted deal by what it was last. */
export const seenRecords = (records: RandomRecords, before: RandomRecords, now: RandomRecords, { types }: PolicyScope): RandomRecords => {
  const officeNow = (owner: string | null): string | null =>
    owner === null ? null : (now.users[Number(owner.slice(1)) - 1]?.office ?? null);
  const nothing = { industry: null, country: null, employees: null, parent_id: null };
  const seenCompany = (fields: RandomRecords['companies'][number], index: 0 | 1): RandomRecords['companies'][number] => ({
    ...nothing,
    ...seenOf({ fields, judgedAs: now.companies[index] }, types.company),
  });
  const seenUser = (fields: RandomRecords['users'][number], index: 0 | 1): RandomRecords['users'][number] => ({
    office: null,
    ...seenOf({ fields, judgedAs: now.users[index] }, types.user),
  });
  return {
    deals: records.deals.flatMap((fields, index) => {
      const last = now.deals[index] ?? before.deals[index] ?? fields;
      const seen = seenOf({ fields, judgedAs: { ...last, 'owner.office': officeNow(last.owner) } }, types.deal);
      return seen === undefined ? [] : [{ ...fields, ...seen }];
    }),
    companies: [seenCompany(records.companies[0], 0), seenCompany(records.companies[1], 1)],
    users: [seenUser(records.users[0], 0), seenUser(records.users[1], 1)],
    products: records.products,
  };
};
