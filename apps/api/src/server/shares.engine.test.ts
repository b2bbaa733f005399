import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type ApiHarness, openApiHarness } from '../testing/api-harness.ts';

const RECORDS = '/api/v1/records/contact';
const ROOM = 8;

let harness: ApiHarness;
const sockets: Socket[] = [];
beforeAll(async () => {
  const limits = { bodyBytes: 2 ** 20, importBytes: 2 ** 30, requestMilliseconds: 30_000, concurrency: ROOM, eventLoopDelay: 60_000 };
  harness = await openApiHarness({ http: { limits } });
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await harness.close();
});

/** A request that is in hand as long as the rest of its body does not come; resolves to what it is answered before that. */
const openRequest = async (key: string): Promise<string> => {
  const socket = connect(Number(new URL(harness.address).port), '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(
    [
      'POST /api/v1/metrics/query HTTP/1.1',
      'host: test',
      `authorization: Bearer ${harness.keys.get(key)}`,
      'content-type: application/json',
      'content-length: 1000',
      '',
      '{',
    ].join('\r\n'),
  );
  const [answer] = await once(socket, 'data');
  return String(answer);
};

test('queries and drill-downs wait in the warehouse among those of their key', async () => {
  for (const key of ['one', 'other']) await harness.makeKey(key, { role: 'admin' });
  const asked = vi.spyOn(harness.test.platform.warehouse, 'query');
  const query = { metrics: ['deals_won'], time_range: { from: '2017-01-01', to: '2018-01-01' } };
  const drill = { query, metric: 'deals_won', row: {} };
  expect((await harness.send('POST', '/api/v1/metrics/query', { key: 'one', body: query })).status).toBe(200);
  const bypass = { 'sophia-cache': 'bypass' };
  expect((await harness.send('POST', '/api/v1/metrics/query', { key: 'other', body: query, headers: bypass })).status).toBe(200);
  expect((await harness.send('POST', '/api/v1/metrics/drill-down', { key: 'one', body: drill })).status).toBe(200);
  const parties = asked.mock.calls.flatMap(([, options]) => options?.party ?? []);
  const [one, other, again] = parties.map((party) => (typeof party === 'string' ? party : [...party.all].join()));
  asked.mockRestore();
  expect(one).toMatch(/^key:/);
  expect(other).toMatch(/^key:/);
  expect([other === one, again === one]).toEqual([false, true]);
});

test('a key that takes all places keeps out itself, and nobody who asks for little', async () => {
  for (const key of ['many', 'few']) await harness.makeKey(key, { role: 'admin' });
  const sent = await harness.send('POST', `${RECORDS}?source_system=shares`, { key: 'few', body: { source_id: 'one', first_name: 'Ada' } });
  const ask = async (key: string, path = `${RECORDS}/${sent.json.id}`) => (await harness.send('GET', path, { key })).status;
  expect(await ask('many')).toBe(200);
  // One more than there is room for: it is refused when all others are in hand.
  const opened = Array.from({ length: ROOM + 1 }, () => openRequest('many'));
  expect(await Promise.race(opened)).toMatch(/^HTTP\/1\.1 503 /);
  expect(await ask('many')).toBe(503);
  // Off the socket, and by the framework.
  expect(await ask('few')).toBe(200);
  expect(await ask('few', `${RECORDS}?limit=1`)).toBe(200);
  expect(await ask('many', `${RECORDS}?limit=1`)).toBe(503);
});
