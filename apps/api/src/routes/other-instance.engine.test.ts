import { openTwoPlatforms, type TwoPlatforms } from '@sophia/platform/testing/two-platforms';
import type { MetricQuery } from '@sophia/types';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ApiHarness, openApiHarness } from '../testing/api-harness.ts';

let two: TwoPlatforms;
let harness: ApiHarness;
beforeAll(async () => {
  two = await openTwoPlatforms();
  harness = await openApiHarness({ over: two.other });
  await harness.makeKey('analyst', { role: 'analyst' });
});
afterAll(async () => {
  await harness.close();
  await two.close();
});

it('a read at one instance that names a change through another in Sophia-After is judged by it: by id, in lists and histories', async () => {
  const { catalog } = two.one.platform;
  const define = async (phone: object): Promise<string> =>
    (await catalog.recordTypes.define(two.one.call, 'call_back', { type: 'object', properties: { phone } })).token;
  await define({ type: 'string' });
  await two.one.write('call_back', 'first', { phone: '555' });
  const { id } = await catalog.records.getByKey(two.one.call, { recordType: 'call_back', sourceSystem: 'test' }, 'first');
  const ways = [
    [`/${id}/history`, ({ versions: [version] }: never[][] & { versions: { data: object }[] }) => version?.data],
    ['', ({ records: [record] }: { records: { data: object }[] }) => record?.data],
    [`/${id}`, ({ data }: { data: object }) => data],
  ] as const;
  for (const [path, dataOf] of ways) {
    const read = async (after?: string): Promise<unknown> => {
      const headers = after === undefined ? {} : { 'sophia-after': after };
      const { status, json } = await harness.send('GET', `/api/v1/records/call_back${path}`, { key: 'analyst', headers });
      expect([path, status]).toEqual([path, 200]);
      return dataOf(json);
    };
    await define({ type: 'string' }).then(read);
    expect(await read()).toMatchObject({ phone: '555' });
    expect([path, await read(await define({ type: 'string', 'x-contact': true }))]).toMatchObject([path, { phone: null }]);
  }
  const { status, json } = await harness.send('GET', `/api/v1/records/call_back/${id}/history`, {
    headers: { 'sophia-after': 'nonsense' },
    key: 'analyst',
  });
  expect([status, json.code]).toEqual([400, 'invalid_token']);
});

it('an answer has one entity tag at every instance, whatever each has compiled, and another for another query or role', async () => {
  const one = await openApiHarness({ over: two.one });
  try {
    await harness.makeKey('executive', { role: 'executive' });
    const won = { metrics: ['deals_won'] };
    // The tag is of the record types, too: both have to know the same.
    const { token: after } = await two.one.platform.catalog.recordTypes.define(two.one.call, 'call_note', {
      type: 'object',
      properties: { phone: { type: 'string' } },
    });
    const ask = async (from: ApiHarness, query: MetricQuery, role: string, known = '"none"') => {
      const authorization = `Bearer ${harness.keys.get(role)}`;
      const path = `/api/v1/metrics/query?q=${encodeURIComponent(JSON.stringify(query))}`;
      const { status, headers } = await from.send('GET', path, {
        key: '',
        headers: { authorization, 'if-none-match': known, 'sophia-after': after },
      });
      return [status, headers.get('etag')];
    };
    const [, tag] = await ask(harness, won, 'executive');
    two.other.platform.analytics.forget(two.other.workspace.id);
    for (const from of [harness, one]) expect(await ask(from, won, 'executive', `${tag}`)).toEqual([304, tag]);
    // Of the same bytes, since there are no deals.
    const lost = { ...won, filters: [{ field: 'deal.status', operator: 'eq' as const, values: ['lost'] }] };
    for (const [status, other] of [await ask(harness, lost, 'executive', `${tag}`), await ask(harness, won, 'analyst', `${tag}`)]) {
      expect([status, other === tag]).toEqual([200, false]);
    }
  } finally {
    await one.close();
  }
});
