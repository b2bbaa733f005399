import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseWhere } from './where.ts';

it.each([
  ['product.name=GTX Pro', { field: 'product.name', operator: 'eq', values: ['GTX Pro'] }],
  ['status <> won', { field: 'status', operator: 'ne', values: ['won'] }],
  ['status == won', { field: 'status', operator: 'eq', values: ['won'] }],
  ['name = Smith and Sons', { field: 'name', operator: 'eq', values: ['Smith and Sons'] }],
  ['name = "a and b=c"', { field: 'name', operator: 'eq', values: ['a and b=c'] }],
  ['status != won', { field: 'status', operator: 'ne', values: ['won'] }],
  ['deal.amount>=1000', { field: 'deal.amount', operator: 'gte', values: ['1000'] }],
  ['deal.amount <= 5', { field: 'deal.amount', operator: 'lte', values: ['5'] }],
  ['deal.amount>5', { field: 'deal.amount', operator: 'gt', values: ['5'] }],
  ['deal.amount<5', { field: 'deal.amount', operator: 'lt', values: ['5'] }],
  ['company.name ~ corp', { field: 'company.name', operator: 'contains', values: ['corp'] }],
  ['company.name^=Acme', { field: 'company.name', operator: 'starts_with', values: ['Acme'] }],
  ['company.name = "= quoted, value"', { field: 'company.name', operator: 'eq', values: ['= quoted, value'] }],
  ['product.name in (GTX Pro, "MG, Special")', { field: 'product.name', operator: 'in', values: ['GTX Pro', 'MG, Special'] }],
  ["product.name not in ('a',b)", { not: { field: 'product.name', operator: 'in', values: ['a', 'b'] } }],
  ['company.name is null', { field: 'company.name', operator: 'is_null' }],
  ['company.name IS NOT NULL', { not: { field: 'company.name', operator: 'is_null' } }],
  [
    'deal.close_date between 2017-01-01 and 2017-03-31',
    { field: 'deal.close_date', operator: 'between', values: ['2017-01-01', '2017-03-31'] },
  ],
  ['name between "A and B" and \'C and D\'', { field: 'name', operator: 'between', values: ['A and B', 'C and D'] }],
  [
    'name in (Foo (Berlin), "a) or b in (c", \'x = 1, y\')',
    { field: 'name', operator: 'in', values: ['Foo (Berlin)', 'a) or b in (c', 'x = 1, y'] },
  ],
  ["name = 'n Sync", { field: 'name', operator: 'eq', values: ["'n Sync"] }],
  ['name = "it\'s"', { field: 'name', operator: 'eq', values: ["it's"] }],
  ['name = ""', { field: 'name', operator: 'eq', values: [''] }],
  ['website = https://x.org/?a=b', { field: 'website', operator: 'eq', values: ['https://x.org/?a=b'] }],
  ['website = https://x.org/?a=b&c=d', { field: 'website', operator: 'eq', values: ['https://x.org/?a=b&c=d'] }],
  ['name = Made in (Berlin)', { field: 'name', operator: 'eq', values: ['Made in (Berlin)'] }],
  ['name = Black and white is nullity', { field: 'name', operator: 'eq', values: ['Black and white is nullity'] }],
])('%s', (text, filter) => {
  expect(parseWhere(text)).toEqual(filter);
});

it.each([
  '',
  'status',
  'status=',
  '= won',
  'status in ()',
  'status in (a,)',
  'status in (a',
  'status like x',
  'status =~ won',
  'status >< 5',
  'name = "a" b',
  'name = "a" "b"',
  'name = "a"b"',
  'name in ("a" b)',
  'name in (a) b',
  'name in (a (b)',
  'name between a',
  'name between a and b and c',
  'name between "a" and "b" c',
])('refuses %j', (text) => {
  expect(() => parseWhere(text)).toThrow(/cannot be read/);
});

it.each([
  'status=won and amount>=20000',
  'user.office = "West" and product.name = "GTX Pro"',
  "user.office = 'West' and product.name = 'GTX Pro'",
  'user.office = "West" or product.name = "GTX Pro"',
  'user.office = "West" and product.name != "GTX Pro"',
  'user.office = West and not product.name = GTX Pro',
  'user.office = West and (product.name = GTX Pro or deal.amount > 5)',
  'user.office = West && product.name = GTX Pro',
  'user.office=West&product.name=GTX Pro',
  'user.office = West || product.name ~ GTX',
  'user.office = West, product.name = GTX Pro',
  'company.website = https://x.org/?a=b&c=d and product.name = GTX Pro',
  'user.office = West product.name ≠ GTX Pro',
  'user.office in (West, East) and product.name in (GTX Pro)',
  "user.office in ('West','East') and product.name in ('GTX Pro')",
  'user.office not in (West) and product.name in (GTX Pro)',
  'user.office in (West) or product.name in (GTX Pro)',
  'user.office in (West and product.name = GTX Pro)',
  'user.office in ("West" and product.name = "a, b")',
  'user.office between A and Z and product.name = GTX Pro',
  'user.office between A and Z or product.name is null',
  'user.office between "A" and "Z" and product.name = GTX Pro',
  'user.office = West and product.name in (GTX Pro)',
  'user.office = West and product.name not in (GTX Pro)',
  'user.office = West and deal.amount is not null',
  'user.office = West and deal.amount between 1 and 5',
  'user.office = West and product.name like GTX%',
  'company.name is null and deal.amount > 5',
])('%s is several conditions, none of which becomes a value of another', (text) => {
  expect(() => parseWhere(text)).toThrow(
    expect.objectContaining({
      message: expect.stringContaining('cannot be read: it looks like several.'),
      hint: expect.stringContaining('--where "user.office = West" --where "product.name = GTX Pro"'),
    }),
  );
});

it('a quoted value comes back as it was, whatever it holds', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }).filter((text) => !text.includes('"')),
      (value) => {
        expect(parseWhere(`name = "${value}"`)).toEqual({ field: 'name', operator: 'eq', values: [value] });
        expect(parseWhere(`name in ("${value}", "b")`)).toEqual({ field: 'name', operator: 'in', values: [value, 'b'] });
      },
    ),
  );
});

it('any text is a filter or a usage error', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        parseWhere(text);
      } catch (error) {
        expect(error).toMatchObject({ name: 'CommandError', exit: 'usage' });
      }
    }),
  );
});
