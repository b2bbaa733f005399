import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHarness, openApiHarness } from '../../testing/api-harness.ts';

/** `send` rejects an answer that is not as it is described. */
describe('answers are as they are described', () => {
  let harness: ApiHarness;
  const answered = new Set<string>();
  beforeAll(async () => {
    harness = await openApiHarness();
    await harness.makeKey('admin', { role: 'admin' });
  });
  afterAll(() => harness.close());

  const send = async (method: string, route: string, { parameters = {}, query = '', body }: Asked = {}) => {
    const path = route.replaceAll(/:(\w+)/g, (_all, name: string) => `${parameters[name]}`);
    const { status, json, text } = await harness.send(method, `/api/v1${path}${query}`, { body });
    expect([status, text], `${method} ${path}`).toEqual([200, expect.any(String)]);
    answered.add(`${method} /api/v1${route}`);
    return json;
  };
  const write = (body: object) => harness.send('POST', '/api/v1/records/contact?source_system=crm', { body });

  it('of a record, from its first version to its erasure', async () => {
    const { json } = await write({ source_id: 'C-1', email: 'jane@x.example', source_version: '7', extra: { a: [1] } });
    const parameters = { type: 'contact', id: json.id };
    await send('PATCH', '/records/:type/:id', { parameters, body: { email: 'joan@x.example' } });
    expect(await send('GET', '/records/:type/:id', { parameters })).toMatchObject({ version: 2, data: { email: 'joan@x.example' } });
    await send('DELETE', '/records/:type/:id', { parameters });
    const { versions } = await send('GET', '/records/:type/:id/history', { parameters });
    expect(versions).toMatchObject([{ kind: 'record.created' }, { previous: { email: 'jane@x.example' } }, { kind: 'record.deleted' }]);
    await send('POST', '/records/:type/:id/erase', { parameters, body: { reason: 'asked by the person' } });
    expect((await send('GET', '/events', { query: '?record_type=contact' })).events.length).toBeGreaterThan(0);
  });

  it('of a rejected row, and of the import that it came with', async () => {
    const { json } = await harness.send('POST', '/api/v1/records/deal?source_system=crm', {
      headers: { 'content-type': 'text/csv' },
      body: 'source_id,amount,currency\nD-1,none,EUR\nD-2,5,EUR\n',
    });
    expect(await send('GET', '/imports/:id', { parameters: { id: json.import } })).toMatchObject({ created: 1, rejected: 1 });
    const [letter] = (await send('GET', '/dead-letters')).dead_letters;
    const parameters = { id: letter.id };
    expect(await send('GET', '/dead-letters/:id', { parameters })).toEqual(letter);
    const body = { source_id: 'D-1', amount: '7', currency: 'EUR' };
    expect(await send('PUT', '/dead-letters/:id', { parameters, body })).toMatchObject({ state: 'repaired' });
    expect(await send('POST', '/dead-letters/replay', { body: { ids: [letter.id] } })).toMatchObject({ created: 1 });
  });

  it('of what administrators make', async () => {
    await send('POST', '/workspaces', { body: { name: 'another', settings: { time_zone: 'Europe/Berlin' } } });
    const expires = '2099-01-01T00:00:00Z';
    const user = { source_system: 'crm', source_id: 'U-1' };
    const { key } = await send('POST', '/keys', { body: { name: 'x', role: 'manager', expires_at: expires, user_record: user } });
    await send('DELETE', '/keys/:id', { parameters: { id: key.id } });
    const rows = { and: [{ field: 'owner.team', operator: 'eq', values: [{ principal: 'team' }] }, { not: { or: [] } }] };
    const rules = [
      { rule: 'allow', roles: ['manager'], actions: ['read'], record_types: ['deal'], rows },
      { rule: 'mask', roles: ['manager'], kinds: ['money'] },
    ];
    expect((await send('PUT', '/policies', { body: { rules } })).rules).toEqual(rules);
    expect((await send('GET', '/policies')).version).toBe(1);
  });

  it('of every route, here or by its examples', () => {
    const left = harness.api.routes.filter(
      ({ method, url, examples }) => !examples.some(({ status }) => status < 400) && !answered.has(`${method} ${url}`),
    );
    // It takes an event that stands aside.
    expect(left.map(({ method, url }) => `${method} ${url}`)).toEqual(['DELETE /api/v1/projections/:group/set-aside/:position']);
  });
});

interface Asked {
  readonly parameters?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: unknown;
}
