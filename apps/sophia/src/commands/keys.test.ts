import { expect, it } from 'vitest';
import { runHere } from '../testing/run-here.ts';
import { openStandIn } from '../testing/stand-in.ts';

it('lists every key, however many pages they are', async () => {
  const key = (id: string) => ({ id, name: id, role: 'viewer', created_at: '2026-11-20T09:00:00Z', expires_at: null, revoked_at: null });
  const server = await openStandIn(({ url }, response) => {
    const page = url?.includes('cursor=more') ? { keys: [key('K2')], next_cursor: null } : { keys: [key('K1')], next_cursor: 'more' };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(page));
  });
  const { out, code } = await runHere(['keys', 'list', '--json'], { environment: { SOPHIA_URL: server.url, SOPHIA_KEY: 'x' } });
  await server.close();
  expect([code, JSON.parse(out)]).toEqual([0, [key('K1'), key('K2')]]);
  expect(server.asked).toEqual(['GET /api/v1/keys?limit=1000', 'GET /api/v1/keys?limit=1000&cursor=more']);
});
