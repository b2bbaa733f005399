import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createTestObservability } from '@sophia/observability/testing';
import type { Principal } from '@sophia/types';
import { expect, test } from 'vitest';
import type { ApiServices } from '../services.ts';
import { createShortWays } from './short-ways.ts';

test('a defect on a short way is answered and told, and the next request is served', async () => {
  const told: unknown[] = [];
  const principal = { id: 'key:1', workspace: 1 } as Principal;
  const services = {
    authentication: { peek: () => principal, takeAllowance: () => ({ allowed: true, limit: 1, remaining: 1, resetSeconds: 1 }) },
    analytics: {
      peek: () => {
        throw new Error('a defect');
      },
    },
    configuration: { limits: { requestMilliseconds: 1_000 }, corsOrigins: [] },
    // The rest is not asked for an answer out of memory.
  } as unknown as ApiServices;
  const ways = createShortWays({
    services,
    shedder: { enter: () => undefined, leave: () => undefined } as never,
    durations: createTestObservability().metrics.histogram({
      name: 'sophia_test_seconds',
      help: 'x',
      labels: ['route', 'method', 'status'],
    }),
    newRequestId: () => 'request-1',
    watch: (error) => told.push(error),
    taken: new WeakMap(),
  });
  const server = ways.createServer({ keepAliveTimeout: 1_000, headersTimeout: 1_000 }, (_, response) => void response.end('ordinary'));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const answer = await fetch(`${address}/api/v1/metrics/query?q=x`, { headers: { authorization: 'Bearer x' } });
  expect([answer.status, await answer.json()]).toMatchObject([500, { code: 'internal_error', instance: 'request-1' }]);
  expect(told).toEqual([new Error('a defect')]);
  expect(await (await fetch(`${address}/health/live`)).text()).toBe('ordinary');
  ways.close();
  server.close();
  server.closeAllConnections();
});
