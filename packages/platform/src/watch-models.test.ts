import { createTestObservability } from '@sophia/observability/testing';
import type { WorkspaceId } from '@sophia/types';
import { expect, it } from 'vitest';
import { watchModels } from './watch-models.ts';

const W = 1 as WorkspaceId;
const LONG = { timeout: 20_000 };

it('models whose change could not be taken are read again, also where they do not change again', async () => {
  const observability = createTestObservability();
  const messages = () => observability.lines().map(({ msg }) => msg);
  let changed = true;
  let databaseIsThere = false;
  const watching = watchModels({
    models: {
      // Once they were read they have not changed, whatever came of it.
      async *changed() {
        if (changed) yield W;
        changed = false;
      },
    },
    workspaces: { ids: () => [W], name: () => 'main' },
    analytics: {
      async reloadModels() {
        if (!databaseIsThere) throw new Error('no record types');
        return [];
      },
    },
    logger: observability.logger,
  });
  await expect.poll(messages, LONG).toContain('semantic models could not be looked at');
  databaseIsThere = true;
  await expect.poll(messages, LONG).toContain('semantic models were read again');
  await watching.close();
  expect(messages().filter((msg) => msg === 'semantic models were read again')).toHaveLength(1);
});
