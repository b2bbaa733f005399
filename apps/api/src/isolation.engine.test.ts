import { ROLES } from '@sophia/types';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ApiRoute } from './server/api-server.ts';
import { type ApiHarness, openApiHarness, type Received } from './testing/api-harness.ts';

/** Stands in everything that is made in `main`, and in nothing else. */
const SECRET = 'of-main-alone';
const CSV = { 'content-type': 'text/csv' };

describe('workspaces and roles, on every route', () => {
  let harness: ApiHarness;
  let send: ApiHarness['send'];
  /** Values of path parameters that are something of `main`, by the beginning of the route. */
  let ofMain: Readonly<Record<string, Readonly<Record<string, string>>>>;

  const keyOf = (workspace: string, role: string): string => `${role} of ${workspace}`;
  const asMain = async (path: string): Promise<Received> => {
    const answer = await send('GET', `/api/v1${path}`, { key: keyOf('main', 'admin') });
    expect(answer.status, answer.text).toBe(200);
    return answer;
  };
  /** What `main` looks like from within. */
  const snapshot = async () => ({
    record: (await asMain(`/records/deal/${ofMain.records?.id}`)).json,
    history: (await asMain(`/records/deal/${ofMain.records?.id}/history`)).json,
    deadLetters: (await asMain('/dead-letters')).json,
    imports: (await asMain('/imports')).json,
    keys: (await asMain('/keys')).json,
    types: (await asMain(`/record-types/${ofMain['record-types']?.name}`)).json,
    policies: (await asMain('/policies')).json,
    settings: (await asMain('/workspaces')).json,
    events: (await asMain('/events')).json.events,
  });

  beforeAll(async () => {
    harness = await openApiHarness();
    ({ send } = harness);
    for (const workspace of ['main', 'other', 'third'])
      for (const role of ROLES) await harness.makeKey(keyOf(workspace, role), { role, workspace, installation: false });
    await harness.makeKey('installation', { role: 'admin', workspace: 'third', installation: true });
    const make = async (method: string, path: string, body: unknown, headers = {}): Promise<Received> => {
      const made = await send(method, `/api/v1${path}`, { key: keyOf('main', 'admin'), body, headers });
      expect(made.status, made.text).toBe(200);
      return made;
    };
    await make('POST', '/records/deal?source_system=crm', { source_id: 'D-1', name: SECRET });
    const { json: imported } = await make('POST', '/records/deal?source_system=crm', `source_id,name,amount\nD-2,${SECRET},ten\n`, CSV);
    const { json: made } = await make('POST', '/keys', { name: SECRET, role: 'viewer' });
    await make('PUT', '/record-types/ticket_of_main', { type: 'object', title: SECRET, properties: { subject: { type: 'string' } } });
    await make('PUT', '/policies', { rules: [{ rule: 'forbid', roles: ['analyst'], actions: ['read'], metrics: ['average_deal_size'] }] });
    // From here on the log's readers see all of it.
    const lastEvent = async () => (await asMain('/events')).json.events.at(-1);
    await vi.waitFor(async () => expect(await lastEvent()).toMatchObject({ kind: 'record_type.changed' }), 30_000);
    const [record] = (await asMain('/records/deal?source_id=D-1&source_system=crm')).json.records;
    const [letter] = (await asMain('/dead-letters')).json.dead_letters;
    const [event] = (await asMain('/events?limit=1')).json.events;
    ofMain = {
      records: { type: 'deal', id: record.id },
      'dead-letters': { id: letter.id },
      imports: { id: imported.import },
      keys: { id: made.key.id },
      'record-types': { name: 'ticket_of_main' },
      projections: { group: 'warehouse', position: event.position },
    };
  });
  afterAll(() => harness.close());

  /** The route's examples, with what is of `main` in place of its parameters. */
  const requestsTo = ({ url, examples }: ApiRoute) => {
    const values = ofMain[url.split('/')[3] ?? ''] ?? {};
    const path = url.replaceAll(/:(\w+)/g, (_, name: string) => {
      expect(values, `a value of :${name} in ${url}`).toHaveProperty(name);
      return encodeURIComponent(values[name] ?? '');
    });
    return examples.map(({ path: example, headers = {}, body }) => ({
      path: url.includes(':') ? [path, example.split('?')[1]].filter(Boolean).join('?') : example,
      headers,
      body,
    }));
  };
  /** Whether the path names one thing of `main`, not only a kind of things. */
  const namesOne = ({ method, url }: ApiRoute): boolean => /:(id|position)/.test(url) || (url.includes(':name') && method !== 'PUT');

  it('nobody of another workspace sees, changes or hears of what is in this one', async () => {
    const before = await snapshot();
    for (const route of harness.api.routes) {
      const { method, url } = route;
      for (const role of ROLES) {
        for (const { path, headers, body } of requestsTo(route)) {
          const where = `${role} of other: ${method} ${path}`;
          const answer = await send(method, path, { key: keyOf('other', role), headers, body });
          expect(answer.status, `${where} ${answer.text.slice(0, 200)}`).toBeLessThan(500);
          expect(answer.text, where).not.toContain(SECRET);
          if (namesOne(route)) expect([403, 404], `${where} ${answer.text.slice(0, 200)}`).toContain(answer.status);
          if (url.includes(':type') && answer.status === 200) expect(answer.text, where).not.toContain(`"${ofMain.records?.id}"`);
        }
      }
    }
    expect(await snapshot()).toEqual(before);
  });

  it('nobody is let into another workspace by its name', async () => {
    for (const route of harness.api.routes) {
      for (const role of ROLES) {
        for (const { path, headers, body } of requestsTo(route)) {
          const named = { ...headers, 'sophia-workspace': 'main' };
          const { status, json, text } = await send(route.method, path, { key: keyOf('other', role), headers: named, body });
          expect([status, json?.code], `${role} of other: ${route.method} ${path}`).toEqual([403, 'forbidden']);
          expect(text).not.toContain(SECRET);
        }
      }
    }
  });

  it('ids of another workspace in a body are nothing here', async () => {
    const before = await snapshot();
    const ids = [ofMain['dead-letters']?.id];
    for (const role of ROLES) {
      const key = keyOf('other', role);
      const discarded = await send('POST', '/api/v1/dead-letters/discard', { key, body: { ids } });
      expect([200, 403]).toContain(discarded.status);
      if (discarded.status === 200) expect(discarded.json).toEqual({ discarded: 0 });
      const replayed = await send('POST', '/api/v1/dead-letters/replay', { key, body: { ids } });
      expect([200, 403, 404]).toContain(replayed.status);
      if (replayed.status === 200) expect(replayed.json).toMatchObject({ created: 0, updated: 0, unchanged: 0, rejected: 0 });
      const resumed = await send('POST', '/api/v1/imports', {
        key,
        headers: { 'content-type': 'multipart/form-data; boundary=b' },
        body: importForm({ resume: ofMain.imports?.id, record_type: 'deal', source_system: 'crm' }),
      });
      expect([403, 404], resumed.text).toContain(resumed.status);
      expect(resumed.text).not.toContain(SECRET);
    }
    expect(await snapshot()).toEqual(before);
  });

  /** Everything under the tag of administration, and what else takes an administrator. */
  const administration = async (): Promise<readonly ApiRoute[]> => {
    const { paths } = (await send('GET', '/openapi.json', { key: '' })).json;
    return harness.api.routes.filter(({ method, url }) => {
      const { tags } = paths[url.replaceAll(/:(\w+)/g, '{$1}')][method.toLowerCase()];
      const route = `${method} ${url}`;
      if (route === 'GET /api/v1/workspaces') return false;
      return tags.includes('administration') || route === 'PUT /api/v1/record-types/:name' || url.endsWith('/erase');
    });
  };
  const OF_THE_INSTALLATION = ['/status', '/configuration', '/backup', '/rebuild', '/replay', '/set-aside/:position'];

  it('administration is for administrators, and that of the installation for those of the installation', async () => {
    const routes = await administration();
    expect(new Set(routes.map(({ url }) => url.split('/')[3]))).toEqual(
      new Set(['keys', 'workspaces', 'policies', 'audit', 'projections', 'status', 'configuration', 'backup', 'record-types', 'records']),
    );
    for (const route of routes) {
      const { method, url, examples } = route;
      const [example] = examples;
      const ofInstallation = OF_THE_INSTALLATION.some((end) => url.endsWith(end)) || `${method} ${url}` === 'POST /api/v1/workspaces';
      for (const role of [...ROLES, 'installation']) {
        // What administrators may do is done, and to nothing that stands in `main`.
        const key = role === 'installation' ? role : keyOf('third', role);
        const { status, text } = await send(method, example?.path ?? url, { key, headers: example?.headers, body: example?.body });
        const may = role === 'installation' || (role === 'admin' && !ofInstallation);
        const where = `${role}: ${method} ${url} ${text.slice(0, 200)}`;
        if (may) expect([200, 404, 422], where).toContain(status);
        else expect(status, where).toBe(403);
      }
    }
  });
});

const importForm = (options: object): string =>
  [
    '--b',
    'content-disposition: form-data; name="options"',
    '',
    JSON.stringify(options),
    '--b',
    'content-disposition: form-data; name="file"; filename="x.csv"',
    '',
    'source_id,name\nD-9,nine\n',
    '--b--',
    '',
  ].join('\r\n');
