import type { RecordId } from '@sophia/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestPlatform, type TestPlatform } from './testing/test-platform.ts';

describe('an erased record', () => {
  let test: TestPlatform;
  beforeAll(async () => {
    test = await openTestPlatform();
  });
  afterAll(() => test.close());

  /** How many there are, as metrics and as the catalog count them. */
  const counts = async (after: string) => {
    const { records } = test.platform.catalog;
    const counted = await test.ask({ metrics: ['companies', 'products'] }, { after, cache: 'bypass' });
    const listed = await Promise.all(['company', 'product'].map((type) => records.list(test.call, type, { after })));
    return { counted: counted.rows[0]?.map(Number), listed: listed.map(({ items }) => items.length) };
  };
  const both = (companies: number, products: number) => ({ counted: [companies, products], listed: [companies, products] });

  it('is counted no more, whether it stood, was deleted before or comes again, also after a rebuild', async () => {
    const { catalog, analytics } = test.platform;
    for (const name of ['a', 'b', 'c', 'd']) await test.write('company', name, { name, industry: 'retail' });
    const idOf = async (name: string): Promise<RecordId> =>
      (await catalog.records.getByKey(test.call, { recordType: 'company', sourceSystem: 'test' }, name)).id;
    const erase = (id: RecordId) => catalog.records.erase(test.call, 'company', id, 'asked by the company');
    expect(await counts(await test.write('product', 'p', { name: 'p' }))).toEqual(both(4, 1));

    const deleted = await idOf('b');
    const revived = await idOf('c');
    expect(await counts((await erase(await idOf('a'))).token)).toEqual(both(3, 1));
    await catalog.records.delete(test.call, 'company', deleted);
    expect(await counts((await erase(deleted)).token)).toEqual(both(2, 1));
    expect(await counts((await erase(revived)).token)).toEqual(both(1, 1));
    const last = await test.write('company', 'c', { name: 'c again' });
    expect(await counts(last)).toEqual(both(2, 1));

    await analytics.rebuild(test.call);
    expect(await counts(last)).toEqual(both(2, 1));
    const names = await test.ask({ metrics: ['companies'], dimensions: ['company.industry'] }, { after: last });
    expect(names.rows).toEqual(expect.arrayContaining([['retail', 1]]));
  });
});
