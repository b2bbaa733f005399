import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHarness, openApiHarness } from '../testing/api-harness.ts';

const WAREHOUSE = '/api/v1/projections/warehouse';

/** What concerns every workspace, or the process, and how it is called in the audit. */
const OF_THE_INSTALLATION = [
  ['GET', '/api/v1/status', 'status.read'],
  ['GET', '/api/v1/configuration', 'configuration.read'],
  ['GET', '/api/v1/backup', 'backup'],
  ['POST', `${WAREHOUSE}/rebuild`, 'projection.rebuild'],
  ['POST', `${WAREHOUSE}/set-aside/replay`, 'set_aside.replay'],
  ['DELETE', `${WAREHOUSE}/set-aside/1.2.3`, 'set_aside.discard'],
  ['POST', '/api/v1/workspaces', 'workspace.create', { name: 'more' }],
  ['POST', '/api/v1/keys', 'key.create', { name: 'x', role: 'admin', installation: true }],
] as const;

describe('the installation', () => {
  let harness: ApiHarness;
  const audited = async (result: string): Promise<string[]> => {
    await harness.test.platform.auth.audit.flush();
    const { entries } = await harness.test.platform.auth.audit.list(harness.test.call, { result, limit: 1000 });
    return entries.map(({ action }) => action);
  };

  beforeAll(async () => {
    harness = await openApiHarness();
    await harness.makeKey('admin', { role: 'admin' });
    await harness.makeKey('of one workspace', { role: 'admin', installation: false });
  });
  afterAll(() => harness.close());

  it.each(OF_THE_INSTALLATION)('%s %s is for its administrators, not for those of a workspace, and both are audited', async (...route) => {
    const [method, path, action, body] = route;
    const refused = await harness.send(method, path, { key: 'of one workspace', body });
    expect([refused.status, refused.json.code]).toEqual([403, 'forbidden']);
    expect(await audited('forbidden')).toContain(action);
    const allowed = await harness.send(method, path, { body });
    expect([200, 404]).toContain(allowed.status);
    if (allowed.status === 200) expect(await audited('ok')).toContain(action);
  });

  it('lets administrators of a workspace see what of their own stands aside, which is audited', async () => {
    expect((await harness.send('GET', `${WAREHOUSE}/set-aside`, { key: 'of one workspace' })).json).toEqual({ events: [] });
    expect(await audited('ok')).toContain('set_aside.list');
  });

  it('writes down who tries a workspace that a key is not for', async () => {
    const answer = await harness.send('GET', '/api/v1/metrics', { key: 'of one workspace', headers: { 'sophia-workspace': 'elsewhere' } });
    expect(answer.status).toBe(403);
    const { entries } = await harness.test.platform.auth.audit.list(harness.test.call, { action: 'authenticate' });
    expect(entries).toEqual([
      expect.objectContaining({ object: 'workspace:elsewhere', request: answer.headers.get('x-request-id'), address: '127.0.0.1' }),
    ]);
  });
});
