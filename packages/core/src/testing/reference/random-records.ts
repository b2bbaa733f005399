import type { JsonObject } from '@sophia/types';
import fc from 'fast-check';
import type { TestRecord } from '../test-engine.ts';
import type { ReferenceRow, ReferenceState } from './reference-evaluator.ts';

/** One of these, or nothing. */
export const maybe = <T>(...values: T[]) => fc.option(fc.constantFrom(...values), { nil: null });
const DAYS = ['2016-11-30', '2016-12-31', '2017-01-01', '2017-01-31', '2017-02-28', '2017-03-05', '2017-03-31'];
const deal = fc.record({
  status: maybe('won', 'lost', 'open'),
  amount: maybe('10', '0.5', '-3.25', '1000000.0001', '7'),
  owner: maybe('u1', 'u2', 'u9'),
  company_id: maybe('c1', 'c2', 'c9'),
  product: maybe('p1', 'p2'),
  close_date: maybe(...DAYS),
  created_on: maybe(...DAYS),
});
const company = fc.record({
  industry: maybe('it', 'medical'),
  country: maybe('de', 'fr'),
  employees: maybe(5, 20, 100),
  parent_id: maybe('c1', 'c2'),
});
const user = fc.record({ office: maybe('Central', 'West') });
const product = fc.record({ series: maybe('GTX', 'MG'), list_price: maybe('5', '9.99') });
/** Deals and what they refer to, where it is there. */
export const randomRecords = fc.record({
  deals: fc.array(deal, { maxLength: 12 }),
  companies: fc.tuple(company, company),
  users: fc.tuple(user, user),
  products: fc.tuple(product, product),
});
export type RandomRecords = typeof randomRecords extends fc.Arbitrary<infer T> ? T : never;

const known = (fields: Readonly<Record<string, string | number | null>>): JsonObject =>
  Object.fromEntries(Object.entries(fields).flatMap(([name, value]) => (value === null ? [] : [[name, value]])));

export const recordsOf = ({ deals, companies, users, products }: RandomRecords): TestRecord[] => [
  ...deals.map((fields, index) => ({ type: 'deal', id: index + 1, source_id: `d${index}`, data: known(fields) })),
  ...companies.map((fields, index) => ({ type: 'company', id: 101 + index, source_id: `c${index + 1}`, data: known(fields) })),
  ...users.map((fields, index) => ({ type: 'user', id: 201 + index, source_id: `u${index + 1}`, data: known(fields) })),
  ...products.map((fields, index) => ({ type: 'product', id: 301 + index, source_id: `p${index + 1}`, data: known(fields) })),
];

export const referenceRows = ({ deals, companies, users, products }: RandomRecords): ReferenceRow[] =>
  deals.map((fields) => {
    const at = <T>(all: readonly T[], key: string | null, letter: string): T | undefined =>
      key === null ? undefined : all[Number(key.replace(letter, '')) - 1];
    const its = at(companies, fields.company_id, 'c');
    const parent = at(companies, its?.parent_id ?? null, 'c');
    return {
      ...fields,
      'company.industry': its?.industry ?? null,
      'company.employees': its?.employees ?? null,
      'parent.country': parent?.country ?? null,
      'user.office': at(users, fields.owner, 'u')?.office ?? null,
      'product.list_price': at(products, fields.product, 'p')?.list_price ?? null,
      'product.series': at(products, fields.product, 'p')?.series ?? null,
    };
  });

export const instant = (second: number): string => new Date(second * 1000).toISOString();
const microseconds = (second: number): bigint => BigInt(second) * 1_000_000n;

/** Everything is known from second 10 on; then each type becomes what it is now, at a second of its own. */
const KNOWN_SINCE = 10;
const CHANGED_AT = { user: 15, deal: 20, company: 25, product: 30 };
const changedAt = ({ type }: TestRecord): number => CHANGED_AT[type as keyof typeof CHANGED_AT];

/** Versions of before stand in the history; a deal that is in one of both only came, or was deleted. */
export const versionsOf = (before: RandomRecords, now: RandomRecords): TestRecord[] => [
  ...recordsOf(before).map((each) => ({ ...each, valid_from: microseconds(KNOWN_SINCE), valid_to: microseconds(changedAt(each)) })),
  ...recordsOf(now).map((each) => ({ ...each, version: 2, valid_from: microseconds(changedAt(each)) })),
];

export const statesOf = (
  before: RandomRecords,
  now: RandomRecords,
  see = (records: RandomRecords): RandomRecords => records,
): ReferenceState[] =>
  [KNOWN_SINCE, ...Object.values(CHANGED_AT)].map((second) => ({
    since: instant(second),
    rows: referenceRows(
      see({
        users: second < CHANGED_AT.user ? before.users : now.users,
        deals: second < CHANGED_AT.deal ? before.deals : now.deals,
        companies: second < CHANGED_AT.company ? before.companies : now.companies,
        products: second < CHANGED_AT.product ? before.products : now.products,
      }),
    ),
  }));
