import { createTestObservability } from '@sophia/observability/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPostgresHarness, type PostgresHarness } from '../testing/postgres-harness.ts';
import { ensureGroup } from './consumer-group.ts';
import { WHOLE_EVENTS } from './event-rows.ts';
import { replaySetAside } from './replay.ts';
import { selectFrom } from './select.ts';
import { openTickBook } from './tick-book.ts';

let harness: PostgresHarness;
beforeEach(async () => {
  harness = await createPostgresHarness();
});
afterEach(() => harness.close());

test('a replay that another member has done is not done again', async () => {
  const { deliveries } = harness;
  let asked = 0;
  await replaySetAside({
    log: deliveries,
    logger: createTestObservability().logger,
    epoch: 'epoch',
    group: 'group',
    groupId: await ensureGroup(deliveries, 'group'),
    handler: () => Promise.reject(new Error('nothing is to be handed over')),
    shape: WHOLE_EVENTS,
    deadline: 1_000,
    isEnvironmental: () => false,
    book: await openTickBook(selectFrom(deliveries)),
    placeOf: async ({ place }) => {
      asked++;
      return place;
    },
  });
  expect(asked).toBe(0);
});
