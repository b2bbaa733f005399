import { createTestDatabase, startFaultProxy } from '@sophia/database/testing';
import { expect, test } from 'vitest';
import { createPostgresPubSub } from './postgres-pub-sub.ts';
import { type PubSubHarness, pubSubContract } from './pub-sub.contract.ts';
import type { PubSub } from './pub-sub.ts';

const createHarness = async (): Promise<PubSubHarness> => {
  const database = await createTestDatabase();
  const proxy = await startFaultProxy(database.connection('app'));
  const failures: unknown[] = [];
  const opened: PubSub[] = [];
  const logger = { error: (details: { err: unknown }) => failures.push(details.err), warn: () => 'the bus is cut' };
  const open = async () => {
    const port = await database.open('app', { connection: proxy.through(database.connection('app')) });
    const bus = await createPostgresPubSub({ database: port, logger });
    opened.push(bus);
    return bus;
  };
  return {
    create: open,
    secondInstance: open,
    faults: { cut: proxy.cut, refuse: proxy.refuse },
    failures: () => failures,
    async close() {
      await Promise.all(opened.map((bus) => bus.close()));
      await database.close();
      await proxy.close();
    },
  };
};

pubSubContract('the bus over PostgreSQL', createHarness, { canBeCut: true });

test('the same message of many publishers at one moment goes once', async () => {
  const database = await createTestDatabase();
  const logger = { error: () => 'failed', warn: () => 'cut' };
  const bus = await createPostgresPubSub({ database: await database.open('app'), logger, gatherMs: 50 });
  const received: string[] = [];
  await bus.subscribe('wake', (payload) => received.push(payload));
  await Promise.all(Array.from({ length: 1_000 }, (_, index) => bus.publish('wake', index === 999 ? 'last' : 'same')));
  await bus.publish('wake', 'end');
  await expect.poll(() => received.at(-1)).toBe('end');
  expect(received).toEqual(['same', 'last', 'end']);
  const crowd = Array.from({ length: 5_001 }, (_, index) => bus.publish('wake', `${index}`));
  const outcomes = await Promise.allSettled(crowd);
  expect(outcomes.filter(({ status }) => status === 'rejected')).toMatchObject([{ reason: { code: 'overloaded' } }]);
  await bus.close();
  await database.close();
});
